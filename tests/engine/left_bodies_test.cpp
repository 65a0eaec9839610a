// The host's objects when bodies are still running after the close of their engine, and when
// several threads drive an engine by hand.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <stet/memory.hpp>
#include <stet/stet.hpp>
#include <stet/test_doubles.hpp>

using namespace std::chrono_literals;

namespace {

inline constexpr stet::workflow<int()> One{"one"};

/// Counts the calls after its owner has destroyed it.
struct mortal_clock final : stet::clock {
  std::atomic<bool> is_gone{false};
  std::atomic<int> looks_after{0};
  void look() noexcept {
    if (is_gone) ++looks_after;
  }
  stet::time_point wall() noexcept override {
    look();
    return std::chrono::time_point_cast<stet::duration>(std::chrono::system_clock::now());
  }
  stet::duration steady() noexcept override {
    look();
    return std::chrono::duration_cast<stet::duration>(
        std::chrono::steady_clock::now().time_since_epoch());
  }
};

/// Moves itself to the next time that is due, as the clock of a test may.
struct skipping_clock final : stet::clock {
  std::atomic<std::int64_t> ms{1'700'000'000'000};
  stet::time_point wall() noexcept override { return stet::time_point(stet::duration(ms.load())); }
  stet::duration steady() noexcept override { return stet::duration(ms.load()); }
  bool skip_to(std::optional<stet::time_point> due) override {
    if (!due) return false;
    auto to = due->time_since_epoch().count();
    for (auto from = ms.load(); from < to && !ms.compare_exchange_weak(from, to);) {}
    return true;
  }
};

}  // namespace

TEST_CASE("bodies that a close has left behind don't touch the host's clock any more") {
  mortal_clock clock;
  std::atomic<bool> may_go_on{false}, runs{false}, has_returned{false};
  {
    stet::engine engine{stet::memory::open(), {.threads = 2, .clock = &clock}};
    engine.define(One, [&](stet::context& ctx) -> stet::task<int> {
      co_return co_await ctx.step("body", {.timeout = 1h, .heartbeat_timeout = 1h},
                                  [&](stet::step_context& s) {
                                    runs = true;
                                    while (!may_go_on) std::this_thread::sleep_for(1ms);
                                    for (int i = 0; i < 100; ++i) s.heartbeat(i);
                                    has_returned = true;
                                    return 1;
                                  });
    });
    engine.start();
    engine.start(One, "1");
    while (!runs) std::this_thread::sleep_for(1ms);
    CHECK(!engine.close(1ms));
  }
  clock.is_gone = true;
  may_go_on = true;
  while (!has_returned) std::this_thread::sleep_for(1ms);
  std::this_thread::sleep_for(100ms);  // code that runs after the body
  CHECK(clock.looks_after == 0);
}

TEST_CASE("several threads drive an engine by hand, with a clock that moves itself") {
  skipping_clock clock;
  stet::engine engine{stet::memory::open(), {.threads = 0, .clock = &clock}};
  engine.define(One, [](stet::context& ctx) -> stet::task<int> {
    for (int i = 0; i < 20; ++i) co_await ctx.sleep(1min);
    co_return 1;
  });
  engine.start();
  std::atomic<int> ended{0};
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      auto run = engine.start(One, std::to_string(i));
      while (!run.wait_for(90s)) {}
      ended += run.result();
    });
  }
  for (auto& t : threads) t.join();
  CHECK(ended == 4);
  engine.close();
}
