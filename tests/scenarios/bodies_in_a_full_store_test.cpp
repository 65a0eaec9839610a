// Bodies that read blobs and send heartbeats while the store is full.
#include <atomic>
#include <functional>
#include <thread>

#include <stet/blob.hpp>

#include "tests/support/outside.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Number{"number"};
inline constexpr stet::workflow<int(int)> Asks{"asks"};
inline constexpr stet::signal<int> Go{"go"};

bool comes_true(const std::function<bool()>& what) {
  for (int i = 0; i < 60'000 && !what(); ++i) std::this_thread::sleep_for(1ms);
  return what();
}

}  // namespace

TEST_CASE("while the store is full, blobs are read and heartbeats don't pile up") {
  std::atomic<bool> began{false}, goes{false}, may_end{false};
  world w({.threads = 2});
  stet::blob kept;
  w.open([&](stet::engine& e) {
    e.define(Number, [&](stet::context& ctx) -> stet::task<int> {
      auto b = co_await ctx.step("keep", [](stet::step_context& s) { return s.keep("bytes"); });
      kept = b;
      co_return co_await ctx.step("use", {.retry = {.max_attempts = 1}},
                                  [&, b](stet::step_context& s) {
                                    began = true;
                                    while (!goes) std::this_thread::sleep_for(1ms);
                                    auto size = s.read(b).size();
                                    for (int i = 0; i < 100; ++i) {
                                      s.heartbeat(i);
                                      std::this_thread::sleep_for(1ms);
                                    }
                                    while (!may_end) std::this_thread::sleep_for(1ms);
                                    return static_cast<int>(size);
                                  });
    });
    e.define(Asks, [](stet::context& ctx, int n) -> stet::task<int> {
      co_return n + co_await ctx.receive(Go);
    });
  });
  auto run = w.engine().start(Number, "n");
  REQUIRE(comes_true([&] { return began.load(); }));
  w.plan->fail_next(store_call::commit, fault::refused, faults::for_ever);
  CHECK(what_throws([&] { w.engine().start(Asks, "a", 1); }).code == stet::errc::full);
  CHECK(w.engine().read(kept) == "bytes");
  goes = true;
  std::this_thread::sleep_for(300ms);
  w.plan->heal();
  w.clock.advance(1s);
  w.until([&] { return w.engine().admin().describe("a").has_value(); });
  may_end = true;
  CHECK(run.result() == 5);
  std::size_t said = 0;
  for (auto& h : w.engine().admin().history("n")) said += h.kind == stet::record_kind::progress;
  CHECK(said <= 2);
}

namespace {

/// The machine's clock, which counts the turns of the loop: each of them looks at it.
class counting_clock final : public stet::clock {
 public:
  stet::time_point wall() noexcept override {
    ++looks;
    return stet::system_clock().wall();
  }
  stet::duration steady() noexcept override { return stet::system_clock().steady(); }
  std::atomic<int> looks{0};
};

/// Refuses commits while it is full, and counts them.
class refusing_store final : public stet::store {
 public:
  std::optional<std::string> get(std::string_view key) override { return inner_->get(key); }
  void scan(const stet::scan_range& r, stet::visitor& v) override { inner_->scan(r, v); }
  void commit(const stet::batch& b, stet::durability d) override {
    if (full) {
      ++refusals;
      throw stet::store_error(stet::errc::full, "a commit", "", 0, "no room",
                              stet::commit_outcome::refused);
    }
    inner_->commit(b, d);
  }
  void close() override { inner_->close(); }
  stet::store_info info() const override { return inner_->info(); }

  static inline std::atomic<bool> full{false};
  static inline std::atomic<int> refusals{0};

 private:
  std::unique_ptr<stet::store> inner_ = stet::memory::open(stet::memory::make_contents());
};

}  // namespace

TEST_CASE("while the store is full the engine sleeps, also if a timer or a heartbeat is due") {
  for (bool beats : {false, true}) {
    CAPTURE(beats);
    refusing_store::full = false;
    counting_clock clock;
    recorder heard;
    outside<int> begun;
    stet::engine e(std::make_unique<refusing_store>(), {.clock = &clock, .listener = &heard});
    e.define(Number, [&](stet::context& ctx) -> stet::task<int> {
      if (!beats) co_await ctx.sleep(500ms);
      co_return co_await ctx.step(
          "x", stet::owning([&](stet::completion<int> done) { begun.take(done); }));
    });
    e.define(Asks, [](stet::context&, int n) -> stet::task<int> { co_return n; });
    e.start();
    auto run = e.start(Number, "n");
    if (beats) {
      REQUIRE(comes_true([&] { return begun.taken() == 1; }));
      auto done = begun.next().value();
      done.heartbeat(1);
      REQUIRE(comes_true(
          [&] { return !e.admin().describe("n").value().waits_for.at(0).progress.empty(); }));
      done.heartbeat(2);
      begun.take(done);
    }
    refusing_store::full = true;
    CHECK(what_throws([&] { e.start(Asks, "a", 1); }).code == stet::errc::full);
    const auto first = refusing_store::refusals.load();
    REQUIRE(comes_true([&] { return refusing_store::refusals >= first + 6; }));
    const auto looks = clock.looks.load(), tries = refusing_store::refusals.load();
    REQUIRE(comes_true([&] { return refusing_store::refusals >= tries + 4; }));
    CHECK(clock.looks - looks < 4 * 50);  // it tries again every 250 ms
    refusing_store::full = false;
    REQUIRE(comes_true([&] { return begun.taken() > 0; }));
    begun.next()->resolve(1);
    CHECK(run.result() == 1);
  }
}
