// A duration counts from the moment at which a workflow asks for it, and takes its whole length.
// Also: when retries end.
#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Number{"number"};
inline constexpr stet::workflow<int(int)> Nth{"nth"};

using number_task = stet::task<int>;

/// A run that spends 300 ms with something, and then sleeps as long.
void define(stet::engine& e, const std::function<number_task(stet::context&)>& first) {
  e.define(Number, [first](stet::context& ctx) -> stet::task<int> {
    auto n = co_await first(ctx);
    co_await ctx.sleep(300ms);
    co_return n;
  });
}

/// Checks by the clock that the run takes 600 ms, even if the process dies meanwhile.
void check_that_it_lasts(world& w) {
  auto began = w.clock.wall();
  w.engine().start(Number, "n");
  w.settle();
  CHECK(w.engine().find(Number, "n")->status() == stet::status::running);
  w.pass(299ms - (w.clock.wall() - began - 300ms));
  CHECK(w.engine().find(Number, "n")->status() == stet::status::running);
  w.restart();
  w.settle();
  CHECK(w.engine().find(Number, "n")->status() == stet::status::running);
  w.pass(1ms);
  CHECK(w.engine().find(Number, "n")->status() == stet::status::completed);
}

/// A clock with microseconds. The engine reads whole milliseconds.
class fine_clock final : public stet::clock {
 public:
  stet::time_point wall() noexcept override {
    return stet::time_point(stet::duration(fake_clock::epoch + us / 1000));
  }
  stet::duration steady() noexcept override { return stet::duration(us / 1000); }
  stet::duration resolution() noexcept override { return 1ms; }
  std::int64_t us = 5'000'000;
};

std::int64_t nanoseconds() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

}  // namespace

TEST_CASE("a sleep behind an inline step is whole") {
  world w;
  w.open([&](stet::engine& e) {
    define(e, [&](stet::context& ctx) -> number_task {
      co_return co_await ctx.step("long", {.run_inline = true}, [&] {
        w.clock.advance(300ms);
        return 1;
      });
    });
  });
  check_that_it_lasts(w);
}

TEST_CASE("a sleep behind a transaction is whole") {
  world w;
  w.open([&](stet::engine& e) {
    define(e, [&](stet::context& ctx) -> number_task {
      co_return co_await ctx.transact("long", [&](stet::transaction&) {
        w.clock.advance(300ms);
        return 1;
      });
    });
  });
  check_that_it_lasts(w);
}

TEST_CASE("a sleep behind code of a workflow that takes its time is whole") {
  world w;
  bool first = true;
  w.open([&](stet::engine& e) {
    define(e, [&](stet::context&) -> number_task {
      if (std::exchange(first, false)) w.clock.advance(300ms);  // a replay is quick
      co_return 1;
    });
  });
  check_that_it_lasts(w);
}

TEST_CASE("a pause between attempts counts from the end of the one that failed") {
  world w;
  std::vector<stet::time_point> began;
  w.open([&](stet::engine& e) {
    e.define(Number, [&](stet::context& ctx) -> stet::task<int> {
      stet::retry_policy even{.initial_interval = 300ms, .backoff = 1, .jitter = 0};
      co_return co_await ctx.step("x", {.retry = even, .run_inline = true}, [&] {
        began.push_back(w.clock.wall());
        w.clock.advance(200ms);
        if (began.size() < 3) throw std::runtime_error("again");
        return 1;
      });
    });
  });
  CHECK(w.run(Number, "n") == 1);
  REQUIRE(began.size() == 3);
  CHECK(began[1] - began[0] >= 500ms);
  CHECK(began[2] - began[1] >= 500ms);
}

TEST_CASE("the total time of a step counts from when it is emitted") {
  world w;
  bool first = true;
  stet::time_point asked{};
  w.open([&](stet::engine& e) {
    e.define(Number, [&](stet::context& ctx) -> stet::task<int> {
      if (std::exchange(first, false)) {
        w.clock.advance(900ms);
        asked = w.clock.wall();
      }
      auto r = co_await ctx.try_step(
          "x", {.retry = {.initial_interval = 100ms, .backoff = 1}, .total_timeout = 1s},
          []() -> int { throw std::runtime_error("again"); });
      co_return r ? 1 : 0;
    });
  });
  CHECK(w.run(Number, "n") == 0);
  CHECK(w.clock.wall() - asked >= 1s);
}

TEST_CASE("no sleep is short by a part of a millisecond") {
  fine_clock clock;
  world w;
  w.options.clock = &clock;
  w.open([&](stet::engine& e) {
    e.define(Nth, [](stet::context& ctx, int n) -> stet::task<int> {
      co_await ctx.sleep(5ms);
      co_return n;
    });
  });
  for (int i = 0; i < 40; ++i) {
    auto id = std::to_string(i);
    clock.us += 37 * i % 1000;
    auto asked = clock.us;
    auto run = w.engine().start(Nth, id, i);
    w.settle();
    while (run.status() == stet::status::running) {
      clock.us += 50;
      w.settle();
    }
    CHECK(clock.us - asked >= 5000);
    CHECK(clock.us - asked <= 8000);
  }
}

TEST_CASE("no sleep is short by the machine's own clock") {
  world w({.threads = 2});
  w.options.clock = nullptr;
  std::atomic<int> shorter{0};
  w.open([&](stet::engine& e) {
    e.define(Nth, [&](stet::context& ctx, int n) -> stet::task<int> {
      auto before = nanoseconds();
      co_await ctx.sleep(3ms);
      if (nanoseconds() - before < 3'000'000) ++shorter;
      co_return n;
    });
  });
  for (int round = 0; round < 20; ++round) {
    std::vector<stet::run_handle<int>> runs;
    for (int i = 0; i < 50; ++i)
      runs.push_back(w.engine().start(Nth, std::to_string(round) + "/" + std::to_string(i), i));
    for (auto& r : runs) r.result();
  }
  CHECK(shorter == 0);
}

TEST_CASE("a step without a pause between its attempts ends when its time is over") {
  world w;
  int attempts = 0;
  w.open([&](stet::engine& e) {
    e.define(Number, [&](stet::context& ctx) -> stet::task<int> {
      stet::retry_policy at_once{.initial_interval = 0ms, .max_elapsed = 2s};
      auto r = co_await ctx.try_step("x", {.retry = at_once, .run_inline = true}, [&]() -> int {
        w.clock.advance(1ms);
        if (++attempts > 5000) throw stet::permanent_error("it has no end");
        throw std::runtime_error("again");
      });
      co_return r ? 1 : 0;
    });
  });
  CHECK(w.run(Number, "n") == 0);
  CHECK(attempts > 1900);  // a double can't hold such a power of two
  CHECK(attempts <= 2001);
}

TEST_CASE("a pause has an end, however large the numbers of its policy") {
  for (auto longest : {stet::duration(0), stet::duration::max()}) {
    world w;
    int attempts = 0;
    w.open([&](stet::engine& e) {
      e.define(Number, [&](stet::context& ctx) -> stet::task<int> {
        stet::retry_policy vast{.initial_interval = stet::duration::max(),
                                .backoff = std::numeric_limits<double>::max(),
                                .max_interval = longest};
        co_return co_await ctx.step("x", {.retry = vast}, [&] {
          if (++attempts < 3) throw std::runtime_error("again");
          return attempts;
        });
      });
    });
    w.engine().start(Number, "n");
    w.settle();
    CHECK(attempts == 1);
    CHECK(w.engine().next_wakeup() > w.clock.wall() + std::chrono::hours(24 * 365 * 1000));
  }
}

TEST_CASE("policies that make no sense are refused where they are given") {
  world w;
  std::vector<caught> refused;
  w.open([&](stet::engine& e) {
    e.define(Number, [&](stet::context& ctx) -> stet::task<int> {
      constexpr auto infinite = std::numeric_limits<double>::infinity();
      for (auto backoff : {infinite, std::nan(""), 0.5, -2.0})
        refused.push_back(what_throws(
            [&] { (void)ctx.step("x", {.retry = {.backoff = backoff}}, [] { return 1; }); }));
      for (auto jitter : {infinite, std::nan(""), 1.5, -0.1})
        refused.push_back(what_throws(
            [&] { (void)ctx.step("x", {.retry = {.jitter = jitter}}, [] { return 1; }); }));
      co_return 0;
    });
  });
  w.run(Number, "n");
  REQUIRE(refused.size() == 8);
  for (auto& r : refused) CHECK((r.thrown && r.code == stet::errc::usage && r.says("step 'x'")));
  w.close();  // otherwise the store is in use
  w.options.retention = -1ms;
  auto r = what_throws([&] { w.make(); });
  CHECK((r.thrown && r.code == stet::errc::usage));
}
