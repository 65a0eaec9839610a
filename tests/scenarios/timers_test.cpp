// Timers, over restarts, crashes and clocks that are set.
#include <atomic>
#include <thread>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::int64_t()> Hour{"hour"};
inline constexpr stet::workflow<std::int64_t(int)> Nth{"nth"};
inline constexpr stet::workflow<std::string()> Text{"text"};

std::int64_t minutes(stet::time_point t) {
  return (t.time_since_epoch().count() - fake_clock::epoch) / 60'000;
}

/// Sleeps an hour, and returns the minute at which it went on.
void define_hour(world& w, stet::engine& e) {
  e.define(Hour, [&w](stet::context& ctx) -> stet::task<std::int64_t> {
    co_await ctx.sleep(1h);
    co_await ctx.step("fired", [&] { w.done.hit("fired"); });
    co_return minutes(ctx.now());
  });
}

bool ended(world& w, const stet::run_handle<std::int64_t>& run) {
  w.settle();
  return run.status() == stet::status::completed;
}

}  // namespace

TEST_CASE(
    "a timer that became due while nothing ran fires at once at the restart, and once [S31]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) { define_hour(w, e); });
    w.engine().start(Hour, "h");
    w.settle();
    w.crash();
    w.clock.advance(3h);
    w.reopen();
    auto run = *w.engine().find(Hour, "h");
    CHECK(ended(w, run));
    CHECK(run.result() == 180);
    CHECK(w.done.of("fired") == 1);
  });
}

TEST_CASE("a timer goes on while nothing runs [S32]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) { define_hour(w, e); });
    w.engine().start(Hour, "h");
    w.settle();
    w.crash();
    w.clock.advance(10min);
    w.reopen();
    auto run = *w.engine().find(Hour, "h");
    w.pass(50min - 1ms);
    CHECK(!ended(w, run));
    w.pass(1ms);
    CHECK(ended(w, run));
    CHECK(run.result() == 60);
  });
}

TEST_CASE(
    "a hundred timers that are due together fire once each, in the order in which they were made "
    "[S34]") {
  everywhere([](world& w) {
    std::string order;
    w.open([&](stet::engine& e) {
      e.define(Text, [](stet::context&) -> stet::task<std::string> {
        std::string here;
        std::vector<int> items;
        for (int i = 0; i < 100; ++i) items.push_back(i);
        co_await stet::map(items, [&](stet::context& c, int i) -> stet::task<> {
          co_await c.sleep(1h);
          here += std::to_string(i) + " ";
        });
        co_return here;
      });
    });
    for (int i = 0; i < 100; ++i) order += std::to_string(i) + " ";
    w.engine().start(Text, "t");
    w.settle();
    w.restart();
    CHECK(w.run(Text, "t") == order);
  });
}

TEST_CASE("a timer that fired just before a crash is seen once [S35]") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    at_every_commit(
        c, define_hour,
        [](world& w) {
          auto minute = w.run(Hour, "h");
          CHECK(minute == 60);
        },
        [](world& w, death d) { CHECK(w.done.of("fired") <= (d.happened ? 2 : 1)); });
  }
}

TEST_CASE("a cancelled sleep leaves nothing behind that would wake [S37]") {
  everywhere_by_hand([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
        auto r = co_await stet::any(ctx.sleep(1h), ctx.sleep(20h));
        co_await ctx.sleep(1h);
        co_return std::to_string(r.index());
      });
    });
    w.engine().start(Text, "t");
    CHECK(w.run(Text, "t") == "0");
    w.close();
    w.reopen();
    CHECK(!w.engine().next_wakeup());
    w.close();
    int timers = 0;
    auto store = w.store();
    stet::scan(*store, {std::string_view("\0t", 2), std::string_view("\0u", 2)},
               [&](std::string_view, std::string_view) { return ++timers, true; });
    CHECK(timers == 0);
  });
}

TEST_CASE("a wall clock set forward makes a timer due, once [S40]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) { define_hour(w, e); });
    auto run = w.engine().start(Hour, "h");
    w.settle();
    w.clock.set(24h);
    CHECK(ended(w, run));
    w.clock.set(24h);
    w.settle();
    CHECK(w.done.of("fired") == 1);
  });
}

TEST_CASE("a wall clock set back delays no timer [S41]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) { define_hour(w, e); });
    auto run = w.engine().start(Hour, "h");
    w.settle();
    w.pass(10min);
    w.clock.set(-24h);
    auto second = w.engine().start(Hour, "i");
    w.pass(50min - 1ms);
    CHECK(!ended(w, run));
    w.pass(1ms);
    CHECK(ended(w, run));
    CHECK(!ended(w, second));
    w.pass(10min);
    CHECK(ended(w, second));
    CHECK(w.done.of("fired") == 2);
  });
}

TEST_CASE(
    "a wall clock set back while nothing runs delays a timer by no more than it was meant to "
    "wait") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) { define_hour(w, e); });
    auto run = w.engine().start(Hour, "h");
    w.settle();
    w.pass(10min);
    w.crash();
    w.clock.set(-48h);
    w.reopen();
    auto same = *w.engine().find(Hour, "h");
    w.settle();
    w.pass(1h);
    CHECK(ended(w, same));
    CHECK(w.done.of("fired") == 1);
  });
}

TEST_CASE(
    "a pause between attempts is no longer after the wall clock was set back while nothing ran") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        co_await ctx.step("x", {.retry = {.initial_interval = 1h, .backoff = 1, .jitter = 0}}, [&] {
          if (w.done.hit("x") < 6) throw std::runtime_error("again");
        });
        co_return "done";
      });
    });
    w.engine().start(Text, "t");
    w.settle();
    for (int i = 0; i < 4; ++i) w.pass(1h);
    CHECK(w.done.of("x") == 5);
    w.crash();
    w.clock.set(-2h);  // after the step's beginning, before that of its pause
    w.reopen();
    w.settle();
    w.pass(1h);
    CHECK(w.done.of("x") == 6);
  });
}

TEST_CASE(
    "an earlier timer that is set while the engine waits for a later one fires in time [S43]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Nth, [](stet::context& ctx, int n) -> stet::task<std::int64_t> {
        co_await ctx.sleep(stet::duration(n * 60'000));
        co_return minutes(ctx.now());
      });
    });
    auto late = w.engine().start(Nth, "late", 100);
    w.settle();
    auto early = w.engine().start(Nth, "early", 5);
    w.pass(5min);
    CHECK(ended(w, early));
    CHECK(!ended(w, late));
    CHECK(w.result(late) == 100);
    CHECK(early.result() == 5);
  });
}

TEST_CASE("thousands of sleeping runs are found by a restart, and none is lost [S44]") {
  constexpr int count = 20'000;  // more than one window of the timer index
  for (cell c : {cell{.resident = 100}, cell{.lmdb = true, .resident = 0}}) {
    world w(c);
    w.open([&](stet::engine& e) {
      e.define(Nth, [&](stet::context& ctx, int n) -> stet::task<std::int64_t> {
        co_await ctx.sleep_until(
            stet::time_point(stet::duration(fake_clock::epoch + 3'600'000 + n)));
        co_return n;
      });
    });
    std::vector<std::pair<std::string, std::tuple<int>>> all;
    for (int i = 0; i < count; ++i) all.emplace_back(std::to_string(i), i);
    auto runs = w.engine().start_all(Nth, all);
    w.close();
    w.reopen();
    CHECK(w.engine().next_wakeup() ==
          stet::time_point(stet::duration(fake_clock::epoch + 3'600'000)));
    w.pass(1h + 10s);
    CHECK(w.engine().admin().open_runs().size() == 100);  // a page
    w.pass(10s);
    CHECK(w.engine().admin().open_runs().empty());
    CHECK(!w.engine().next_wakeup());
    for (int i : {0, 9'999, count - 1})
      CHECK(w.engine().find(Nth, std::to_string(i))->result() == i);
  }
}

TEST_CASE("a second timer counts from the moment at which the first one fired [S46]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Hour, [](stet::context& ctx) -> stet::task<std::int64_t> {
        co_await ctx.sleep(1h);
        co_await ctx.sleep(1h);
        co_return minutes(ctx.now());
      });
    });
    w.engine().start(Hour, "h");
    w.settle();
    w.clock.advance(90min);  // it fires half an hour late
    w.settle();
    w.crash();
    w.clock.advance(10min);
    w.reopen();
    CHECK(w.run(Hour, "h") == 150);
  });
}

TEST_CASE("sleeps of no time, of less than none and of all eternity") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
        co_await ctx.sleep(0ms);
        co_await ctx.sleep(-5h);
        co_await ctx.sleep_until(stet::time_point::min());
        auto r = co_await stet::any(ctx.sleep(stet::duration::max()),
                                    ctx.sleep_until(stet::time_point::max()),
                                    ctx.sleep(stet::duration::min()));
        co_return std::to_string(r.index());
      });
    });
    auto run = w.engine().start(Text, "t");
    w.settle();
    CHECK(run.status() == stet::status::completed);
    CHECK(run.result() == "2");
    CHECK(minutes(w.clock.wall()) == 0);
  });
}

TEST_CASE("a time-out around a step goes on over a restart, though the body never ends") {
  // With any residency, the step is under way at the crash, and its next attempt doesn't end
  // either.
  for (std::size_t resident : {std::size_t{0}, std::size_t{100'000}}) {
    std::atomic<bool> give_way{false};
    world w({.resident = resident, .threads = 4});
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto r = co_await stet::with_timeout(1h, ctx.step("hangs", [&](stet::step_context& s) {
          w.done.hit("hangs");
          while (!s.stop_requested() && !give_way) std::this_thread::yield();
          return 1;
        }));
        co_return r ? "value" : "time-out";
      });
    });
    w.engine().start(Text, "t");
    w.until([&] { return w.done.of("hangs") == 1; });
    w.cut();
    give_way = true;
    w.crash();
    give_way = false;
    w.reopen();
    w.until([&] { return w.done.of("hangs") == 2; });
    w.clock.advance(1h);
    auto run = *w.engine().find(Text, "t");
    for (int i = 0; i < 500 && run.status() == stet::status::running; ++i)
      std::this_thread::sleep_for(1ms);
    CHECK(run.status() == stet::status::completed);
    give_way = true;
    CHECK(w.result(run) == "time-out");
  }
}

TEST_CASE("a sleeping run beyond the budget is evicted, and rebuilt when it is due") {
  for (cell c : {cell{.resident = 1}, cell{.lmdb = true, .resident = 2, .check = 1},
                 cell{.resident = 3, .threads = 4}}) {
    std::atomic<int> alive{0};
    world w(c);
    w.open([&](stet::engine& e) {
      e.define(Nth, [&](stet::context& ctx, int n) -> stet::task<std::int64_t> {
        struct counted {
          std::atomic<int>& n;
          explicit counted(std::atomic<int>& c) : n(c) { ++n; }
          ~counted() { --n; }
        } here(alive);
        std::int64_t sum = 0;
        for (int i = 0; i < 5; ++i) {
          co_await ctx.sleep(1h);
          sum += co_await ctx.step("x", [&w, n] { return w.done.hit("x"), n; });
        }
        co_return sum;
      });
    });
    std::vector<stet::run_handle<std::int64_t>> runs;
    for (int i = 0; i < 20; ++i) runs.push_back(w.engine().start(Nth, std::to_string(i), i));
    w.settle();
    CHECK(alive <= static_cast<int>(c.resident));
    w.finish();
    for (int i = 0; i < 20; ++i) CHECK(runs[static_cast<std::size_t>(i)].result() == 5 * i);
    CHECK(w.done.of("x") == 100);
    w.close();
    CHECK(alive == 0);
  }
}
