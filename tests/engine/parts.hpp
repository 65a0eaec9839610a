// The parts of an engine over a store, without a thread, a loop or a call. A test takes the part
// that it is about, and drives it itself.
#pragma once
#include <doctest/doctest.h>

#include <stet/memory.hpp>
#include <stet/stet.hpp>
#include <stet/test_doubles.hpp>

#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/calls/calls_room.hpp"

namespace stet_tests {

using namespace stet::detail;

inline stet::task<int> sleep_a_day(stet::context& ctx) {
  co_await ctx.sleep(std::chrono::hours(24));
  co_return 1;
}

template <class T> std::string bytes_of(const T& value) {
  std::string bytes;
  stet::encode(bytes, value);
  return bytes;
}

/// A record with a name and a payload, like that of a signal.
inline record event_named(record_kind k, std::string_view name, std::string_view payload = {}) {
  record e;
  e.kind = k;
  e.name = name;
  e.payload = payload;
  return e;
}

/// A transform that leaves payloads as they are. While it is broken it throws.
class fragile_transform final : public stet::payload_transform {
 public:
  std::string_view name() const noexcept override { return "fragile"; }
  std::optional<std::string> seal(std::string_view plain, const stet::payload_place&) override {
    if (broken) throw std::runtime_error("no key");
    return std::string(plain);
  }
  std::string open(std::string_view sealed, const stet::payload_place&, std::size_t) override {
    if (broken) throw std::runtime_error("no key");
    return std::string(sealed);
  }
  bool broken = false;
};

class parts {
 public:
  explicit parts(std::unique_ptr<stet::store> s = stet::memory::open(), stet::engine_options o = {})
      : all_(std::move(s), with_doubles(std::move(o))), here_(all_.thread) {
    all_.services.definitions.add(
        "sleeper", "",
        std::make_unique<definition_of<stet::task<int> (*)(stet::context&), int>>(&sleep_a_day));
    all_.journal.open([](const record&, std::string_view, record_lsn) {});
    all_.time.keeper.start();
    all_.commit.checkpointer.start(false);
  }
  parts(const parts&) = delete;
  parts& operator=(const parts&) = delete;
  ~parts() {  // destroys attempts that weren't taken
    for (auto& [run, r] : all_.runs.table.all())
      while (!r->attempts.empty()) {
        std::unique_ptr<attempt> gone(r->attempts.back());
        r->attempts.pop_back();
      }
  }
  engine_parts* operator->() noexcept { return &all_; }
  engine_parts& operator*() noexcept { return all_; }

  template <class R, class... A>
  void define(std::string_view workflow, stet::task<R> (*body)(stet::context&, A...),
              std::string_view version = {}) {
    all_.services.definitions.add(workflow, version,
                                  std::make_unique<definition_of<decltype(body), R, A...>>(body));
  }
  /// The first record of a run. It refers to the bytes of `arguments`.
  record start_of(std::string_view id, std::string_view workflow, const std::string& arguments) {
    record r;
    r.run = all_.journal.new_run_number();
    r.name = workflow;
    r.target = id;
    r.payload = arguments;
    return r;
  }
  /// Makes a run. Its start is recorded, and not driven.
  template <class... A>
  run_lease start(std::string_view id, std::string_view workflow = "sleeper", const A&... a) {
    const auto arguments = bytes_of(std::tuple<A...>(a...));
    return all_.drive.births.create(start_of(id, workflow, arguments));
  }
  /// Lets time pass.
  void pass(stet::duration d) {
    clock.advance(d);
    all_.time.keeper.update_now(true);
  }
  /// Drives the runs that are ready, commits, and runs bodies, until nothing is left to do.
  void settle() {
    for (bool any = true; any;) {
      any = all_.advance.waker.drive_ready([] { return false; });
      any |= all_.commit.commit();
      any |= all_.advance.gate.open();
      any |= all_.advance.returns.take();
    }
  }
  /// Takes the run out of memory, when the store has all of it.
  void put_away(run_number run) {
    if (auto r = all_.runs.table.load(run)) {
      r->queued = false;
      all_.drive.entry.evict_now(*r);
      all_.commit.checkpointer.slice(*r);
    }
    while (all_.commit.commit()) {}
  }
  /// The same, and then damages its snapshot. Returns the snapshot as it was.
  std::string damage(run_number run) {
    put_away(run);
    auto whole = all_.services.store.get(keys::snapshot(run)).value_or("");
    write(keys::snapshot(run), "nonsense");
    return whole;
  }
  void write(std::string key, std::string value) {
    stet::batch b;
    b.put(std::move(key), std::move(value));
    all_.services.store.commit(b, stet::durability::sync);
  }
  /// How many records of this kind the run has.
  std::size_t count(resident& r, record_kind k) {
    std::size_t n = 0;
    all_.runs.history.for_each(r, [&](const record& rec) { n += rec.kind == k; });
    return n;
  }

  stet::testing::virtual_clock clock;
  stet::testing::seeded_entropy entropy;
  stet::testing::recorder heard;

 private:
  stet::engine_options with_doubles(stet::engine_options o) {
    o.threads = 0;
    o.clock = &clock;
    o.entropy = &entropy;
    if (!o.listener) o.listener = &heard;
    return o;
  }
  engine_parts all_;
  loop_thread::as_loop here_;

 public:
  calls_room calls{all_};
};

/// A call that remembers how it was answered.
class noted_call final : public call {
 public:
  std::optional<record_lsn> perform(calls_room&) override { return everything; }
  /// The error that it was answered with; empty if it succeeded.
  std::string error() const {
    try {
      rethrow();
      return {};
    } catch (const std::exception& e) { return e.what(); }
  }
};

}  // namespace stet_tests
