// Timers that lost a race go at once, and many timers of one run are no burden.
#include <string>
#include <vector>

#include "tests/engine/probe.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> Number{"number"};
inline constexpr stet::signal<int> Go{"go"};

}  // namespace

TEST_CASE("a timer that lost its race is gone at once, and no wake-up is left of it") {
  everywhere_by_hand([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Number, [](stet::context& ctx, int n) -> stet::task<int> {
        int sum = 0;
        for (int i = 0; i < n; ++i) {
          auto quick = [](int x) { return x; };
          sum += (co_await stet::with_timeout(1h, ctx.step("quick", quick, 1))).value_or(0);
          co_await stet::any(ctx.sleep(1ms), ctx.sleep(24h));
          co_await ctx.step("timed", {.timeout = 1h, .total_timeout = 24h}, quick, 1);
        }
        co_await ctx.receive(Go);
        co_return sum;
      });
    });
    auto run = w.engine().start(Number, "n", {.run_timeout = 24h * 365}, 20);
    w.settle();
    for (int i = 0; i < 20; ++i) w.pass(1ms);
    CHECK(run.status() == stet::status::running);
    auto info = w.engine().admin().describe("n");
    CHECK(info->waits_for.at(0).kind == stet::wait_kind::condition);
    CHECK(timers_in_memory(w.engine()) == 1);  // its own end
    CHECK(w.engine().next_wakeup() > w.clock.wall() + 24h * 300);
    run.signal(Go, 1);
    CHECK(w.result(run) == 20);
    CHECK(timers_in_memory(w.engine()) == 0);
    CHECK(!w.engine().next_wakeup());
  });
}

TEST_CASE("after a restart, too, a timer that lost its race is gone") {
  everywhere_by_hand([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Number, [](stet::context& ctx, int) -> stet::task<int> {
        auto got = co_await ctx.receive(Go, 24h);
        co_return got.value_or(-1);
      });
    });
    w.engine().start(Number, "n", 0);
    w.restart();
    w.settle();
    w.engine().find(Number, "n")->signal(Go, 7);
    CHECK(w.result(*w.engine().find(Number, "n")) == 7);
    CHECK(timers_in_memory(w.engine()) == 0);
    CHECK(!w.engine().next_wakeup());
  });
}

TEST_CASE("ten thousand sleeps of one run, each with a time of its own, end in their order") {
  constexpr int count = 10'000;
  world w(cell{});
  std::vector<int> order;
  w.open([&](stet::engine& e) {
    e.define(Number, [&](stet::context&, int n) -> stet::task<int> {
      std::vector<int> numbers;
      for (int i = 0; i < n; ++i) numbers.push_back(i);
      co_await stet::map(numbers, [&](stet::context& in, int& i) -> stet::task<int> {
        co_await in.sleep((count - i) * 1ms);
        order.push_back(i);
        co_return i;
      });
      co_return static_cast<int>(order.size());
    });
  });
  CHECK(w.run(Number, "n", count) == count);
  bool falls = true;
  for (std::size_t i = 1; i < order.size(); ++i) falls &= order[i - 1] > order[i];
  CHECK(falls);
}
