// The parts of an engine over a store, without an engine: no thread, no loop, no call. A test takes
// the part that it is about, and drives it itself.
#pragma once
#include <doctest/doctest.h>

#include <stet/memory.hpp>
#include <stet/stet.hpp>
#include <stet/test_doubles.hpp>

#include "engine/calls/calls_room.hpp"

namespace stet_tests {

using namespace stet::detail;

inline stet::task<int> sleep_a_day(stet::context& ctx) {
  co_await ctx.sleep(std::chrono::hours(24));
  co_return 1;
}

class parts {
 public:
  explicit parts(std::unique_ptr<stet::store> s = stet::memory::open(), stet::engine_options o = {})
      : all_(std::move(s), with_doubles(std::move(o))), here_(all_.thread) {
    all_.shared.definitions.add(
        "sleeper", "",
        std::make_unique<definition_of<stet::task<int> (*)(stet::context&), int>>(&sleep_a_day));
    all_.log.open([](const record&, std::string_view, std::uint64_t) {});
    all_.time.keeper.start();
    all_.commit.checkpointer.start(false);
  }
  engine_parts* operator->() noexcept { return &all_; }
  engine_parts& operator*() noexcept { return all_; }

  /// A run of the workflow "sleeper" that is recorded, and hasn't been driven.
  run_lease start(std::string_view id) {
    record r;
    r.run = all_.log.new_run_number();
    r.name = "sleeper";
    r.target = id;
    std::string none;
    stet::encode(none, std::tuple<>{});
    r.payload = none;
    return all_.drive.births.create(r);
  }

  stet::testing::virtual_clock clock;
  stet::testing::seeded_entropy entropy;
  stet::testing::recorder heard;

 private:
  stet::engine_options with_doubles(stet::engine_options o) {
    o.threads = 0;
    o.clock = &clock;
    o.entropy = &entropy;
    o.listener = &heard;
    return o;
  }
  engine_parts all_;
  loop_thread::as_loop here_;
};

/// A call that notes what came of it.
class noted_call final : public call {
 public:
  std::optional<std::uint64_t> perform(calls_room&) override { return everything; }
  /// What it was answered with; empty if it was well.
  std::string error() const {
    try {
      rethrow();
      return {};
    } catch (const std::exception& e) { return e.what(); }
  }
};

}  // namespace stet_tests
