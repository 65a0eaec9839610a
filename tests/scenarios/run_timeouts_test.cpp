// A stall, a restart or a clock that is set loses no time-out of a run, and no timer.
#include "keys/keys.hpp"
#include "tests/engine/probe.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Sleeps{"sleeps"};
inline constexpr stet::workflow<int(bool)> Chain{"chain"};
inline constexpr stet::workflow<void(stet::duration)> Timer{"timer"};

/// A machine's clocks; its wall clock can be set.
class set_clock final : public stet::clock {
 public:
  stet::time_point wall() noexcept override { return stet::time_point(stet::duration(wall_)); }
  stet::duration steady() noexcept override { return stet::duration(up_); }
  std::optional<stet::duration> uptime() noexcept override { return stet::duration(up_); }
  void pass(stet::duration d) {
    wall_ += d.count();
    up_ += d.count();
  }
  void set(stet::duration d) { wall_ += d.count(); }
  std::int64_t up() const { return up_; }

 private:
  std::int64_t wall_ = fake_clock::epoch, up_ = 5'000'000;
};

}  // namespace

TEST_CASE("the time-out of a run that is stalled from a start on ends it") {
  everywhere_by_hand([](world& w) {
    auto defines = [](stet::engine& e) {
      e.define(Sleeps, [](stet::context& ctx) -> stet::task<int> {
        co_await ctx.sleep(100h);
        co_return 1;
      });
    };
    auto lacks = [](stet::engine& e) {
      e.define(Timer, [](stet::context&, stet::duration) -> stet::task<void> { co_return; });
    };
    w.open(defines);
    w.engine().start(Sleeps, "r", {.run_timeout = 1h});
    w.engine().start(Sleeps, "long", {.run_timeout = 5h});
    w.settle();
    w.close();
    w.open(lacks);  // it is stalled, which the next event shows
    w.engine().find(Sleeps, "r")->cancel("why not");
    w.engine().find(Sleeps, "long")->cancel("why not");
    w.settle();
    CHECK(w.engine().admin().describe("r").value().status == stet::status::stalled);
    w.close();
    w.reopen();
    w.settle();
    CHECK(w.engine().admin().describe("r").value().status == stet::status::stalled);
    w.pass(90min);
    CHECK(w.engine().admin().describe("r").value().status == stet::status::timed_out);
    CHECK(w.engine().admin().describe("long").value().status == stet::status::stalled);
    w.close();
    w.clock.advance(5h);  // also while no engine runs
    w.reopen();
    w.settle();
    CHECK(w.engine().admin().describe("long").value().status == stet::status::timed_out);
  });
}

TEST_CASE("the time-out of each run of a chain counts by the clock of its own start") {
  for (bool is_set : {false, true}) {
    CAPTURE(is_set);
    set_clock clock;
    world w;
    w.options.clock = &clock;
    w.open([](stet::engine& e) {
      e.define(Chain, [](stet::context& ctx, bool first) -> stet::task<int> {
        if (first) {
          co_await ctx.sleep(10min);
          co_return co_await ctx.continue_as_new(Chain, false);
        }
        co_await ctx.sleep(50h);
        co_return 1;
      });
    });
    auto run = w.engine().start(Chain, "r", {.run_timeout = 1h, .execution_timeout = 100h}, true);
    w.settle();
    if (is_set) clock.set(24h * 30);
    w.settle();
    clock.pass(11min);
    w.settle();
    auto began = clock.up();
    for (int i = 0; i < 60 && run.status() == stet::status::running; ++i) {
      clock.pass(5min);
      w.settle();
    }
    CHECK(run.status() == stet::status::timed_out);
    CHECK(clock.up() - began >= 3'600'000 - 60'000);
    CHECK(clock.up() - began <= 3'600'000 + 600'000);
  }
}

TEST_CASE("steps of the clock leave each timer in its place, once") {
  set_clock clock;
  world w;
  w.options.clock = &clock;
  w.open([](stet::engine& e) {
    e.define(Timer, [](stet::context& ctx, stet::duration d) -> stet::task<void> {
      co_await stet::all(ctx.sleep(d), ctx.sleep(d + 1h), ctx.sleep(d + 2h));
    });
  });
  for (int i = 0; i < 20; ++i)
    w.engine().start(Timer, std::to_string(i), std::chrono::hours(24 * (i + 1)));
  w.settle();
  CHECK(timers_in_memory(w.engine()) <= 80);
  for (int i = 0; i < 200; ++i) {
    clock.pass(3h);
    clock.set(3h);
    w.settle();
    CHECK(timers_in_memory(w.engine()) <= 80);
  }
  for (int i = 0; i < 20; ++i)
    CHECK(w.engine().admin().describe(std::to_string(i)).value().status == stet::status::completed);
}

TEST_CASE("a small step back of the clock costs later downtimes no more than itself") {
  for (bool is_stepped : {false, true}) {
    CAPTURE(is_stepped);
    set_clock clock;
    world w;
    w.options.clock = &clock;
    w.open([](stet::engine& e) {
      e.define(Timer, [](stet::context& ctx, stet::duration d) -> stet::task<void> {
        co_await ctx.sleep(d);
      });
    });
    auto live_again = [&](stet::duration downtime) {
      w.close();
      clock.pass(downtime);
      w.reopen();
      w.settle();
    };
    clock.pass(1h);
    w.settle();
    if (is_stepped) clock.set(-10s);
    w.settle();
    clock.pass(5s);
    w.engine().start(Timer, "before", 10min);
    w.settle();
    live_again(2s);  // a deploy
    CHECK(w.engine().admin().describe("before").value().status == stet::status::running);
    clock.pass(72h);
    w.settle();
    w.engine().start(Timer, "r", 24h);
    w.settle();
    clock.pass(1h);
    w.settle();
    live_again(20h);  // the clock is right
    clock.pass(3h - 1s);
    w.settle();
    CHECK(w.engine().admin().describe("r").value().status == stet::status::running);
    clock.pass(15s);
    w.settle();
    CHECK(w.engine().admin().describe("r").value().status == stet::status::completed);
  }
}

TEST_CASE("a time that is named has come when the wall clock says so, though that was set back") {
  for (bool is_set_right : {false, true}) {
    CAPTURE(is_set_right);
    set_clock clock;
    world w;
    w.options.clock = &clock;
    auto named = clock.wall() + 2h;
    w.open([&](stet::engine& e) {
      e.define(Sleeps, [named](stet::context& ctx) -> stet::task<int> {
        co_await ctx.sleep_until(named);
        co_return 1;
      });
    });
    auto run = w.engine().start(Sleeps, "r");
    w.settle();
    clock.set(-10h);
    w.settle();
    CHECK(w.engine().admin().describe("r").value().waits_for.at(0).due == named);
    for (int minutes = 0; minutes < (is_set_right ? 3 * 60 : 12 * 60 - 1); ++minutes) {
      clock.pass(1min);
      w.settle();
      REQUIRE(run.status() == stet::status::running);
    }
    if (is_set_right) clock.set(10h);
    for (int i = 0; i < 3; ++i) {
      clock.pass(1min);
      w.settle();
    }
    CHECK(run.status() == stet::status::completed);
    CHECK(clock.wall() >= named);
  }
}

TEST_CASE("a delayed run that can't be read when it is to begin isn't woken again and again") {
  everywhere_by_hand([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Sleeps, [](stet::context& ctx) -> stet::task<int> {
        co_await ctx.sleep(1h);
        co_return 1;
      });
    });
    w.engine().start(Sleeps, "r", {.delay = 1h});
    w.settle();
    auto chunk = stet::detail::keys::history(
        stet::detail::run_number(w.engine().admin().describe("r").value().run), 0);
    w.close();
    {
      auto s = w.store();
      auto value = s->get(chunk).value();
      value.back() = static_cast<char>(value.back() ^ 1);
      stet::batch b;
      b.put(chunk, value);
      s->commit(b, stet::durability::sync);
    }
    w.reopen();
    w.settle();
    w.pass(2h);
    CHECK(w.engine().admin().describe("r").value().status == stet::status::stalled);
    CHECK(!w.engine().next_wakeup());
    w.engine().terminate("r");
    w.settle();
    CHECK(w.engine().admin().describe("r").value().status == stet::status::terminated);
  });
}
