// Heartbeats: only the attempt that counts reports the progress of its step.
#include <atomic>
#include <thread>

#include "completions.hpp"

using namespace stet_tests;

namespace {

/// An attempt whose time is up, and which goes on when the test lets it.
struct late_beats {
  std::atomic<int> begun{0}, second_saw{0};
  std::atomic<bool> may_beat{false}, has_beaten{false}, may_end{false};
};
late_beats late;

int copies(stet::step_context& s) {
  int from = s.progress<int>().value_or(0);
  ++late.begun;
  if (s.attempt() == 1) {
    s.heartbeat(1);
    while (!late.may_beat) std::this_thread::yield();
    s.heartbeat(1034);
    late.has_beaten = true;
    while (!late.may_end) std::this_thread::yield();
    return -1;
  }
  if (s.attempt() == 2) {
    late.second_saw = from;
    s.heartbeat(2);
    while (!late.has_beaten) std::this_thread::yield();
    throw std::runtime_error("try again");
  }
  return from;
}

void reset_late() {
  late.begun = 0;
  late.may_beat = late.has_beaten = late.may_end = false;
}

constexpr stet::step_options patient{.retry = {.initial_interval = 1s, .jitter = 0},
                                     .timeout = 1min};

}  // namespace

TEST_CASE("a heartbeat of an attempt that was left behind isn't the progress of the next one") {
  for (bool before_next : {false, true}) {
    CAPTURE(before_next);
    reset_late();
    world w(cell{.threads = 3});
    w.open([&](stet::engine& e) {
      e.define(Number, [](stet::context& ctx, int) -> stet::task<int> {
        co_return co_await ctx.step("copy", patient, copies);
      });
    });
    auto run = w.engine().start(Number, "r", 0);
    w.until([&] { return late.begun == 1; });
    w.clock.advance(1min);
    w.until([&] {
      return w.engine().admin().describe("r").value().waits_for.at(0).due != stet::time_point();
    });
    if (before_next) {  // while the step waits for its retry
      late.may_beat = true;
      w.until([&] { return late.has_beaten.load(); });
      for (int i = 0; i < 5; ++i) w.poke();
    }
    w.clock.advance(1s);
    w.until([&] { return late.begun == 2; });
    late.may_beat = true;
    w.until([&] {
      return w.engine().admin().describe("r").value().waits_for.at(0).due != stet::time_point();
    });
    w.clock.advance(5s);
    w.until([&] { return run.status() != stet::status::running; });
    CHECK(late.second_saw == 1);
    CHECK(run.result() == 2);
    late.may_end = true;
  }
}

TEST_CASE("what an attempt said just before it failed is the progress of the next one") {
  for (auto& c : cells) {
    CAPTURE(c.name());
    world w(c);
    w.open([&](stet::engine& e) {
      e.define(Number, [](stet::context& ctx, int) -> stet::task<int> {
        co_return co_await ctx.step("x", {.retry = {.initial_interval = 0s}},
                                    [](stet::step_context& s) {
                                      if (s.attempt() > 50) return s.progress<int>().value_or(-1);
                                      s.heartbeat(static_cast<int>(s.attempt()));
                                      throw std::runtime_error("try again");
                                    });
      });
    });
    CHECK(w.run(Number, "r", 0) == 50);
  }
}

TEST_CASE(
    "ten thousand heartbeats are a few records, and the latest is shown and survives a failure") {
  for (auto& c : cells) {
    if (c.threads == 0) continue;  // nothing can look while the body runs
    CAPTURE(c.name());
    std::atomic<bool> said_all{false}, may_fail{false};
    std::atomic<int> second_got{0};
    world w(c);
    w.open([&](stet::engine& e) {
      e.define(Number, [&](stet::context& ctx, int) -> stet::task<int> {
        co_return co_await ctx.step("x", {.retry = {.initial_interval = 0s}},
                                    [&](stet::step_context& s) {
                                      if (s.attempt() > 1) {
                                        second_got = s.progress<int>().value_or(-1);
                                        return 1;
                                      }
                                      for (int i = 1; i <= 10'000; ++i) s.heartbeat(i);
                                      said_all = true;
                                      while (!may_fail) std::this_thread::yield();
                                      throw std::runtime_error("try again");
                                    });
      });
    });
    auto run = w.engine().start(Number, "r", 0);
    w.until([&] { return said_all.load(); });
    for (int i = 0; i < 3; ++i) w.poke();
    auto shown = w.engine().admin().describe("r").value().waits_for.at(0).progress;
    REQUIRE(!shown.empty());
    CHECK(stet::decode<int>(shown) == 10'000);
    may_fail = true;
    CHECK(run.result() == 1);
    CHECK(second_got == 10'000);
    std::size_t records = 0;
    for (auto& h : w.engine().admin().history("r"))
      records += h.kind == stet::record_kind::progress;
    CHECK(records <= 3);
  }
}

TEST_CASE("the last heartbeat before a close is the progress of the next attempt") {
  for (auto& c : cells) {
    CAPTURE(c.name());
    world w(c);
    outside<int> begun;
    int got = -1;
    w.open([&](stet::engine& e) {
      e.define(Number, [&](stet::context& ctx, int) -> stet::task<int> {
        co_return co_await ctx.step("x", stet::owning([&](stet::completion<int> done) {
                                      got = done.progress<int>().value_or(0);
                                      begun.take(done);
                                    }));
      });
    });
    auto run = w.engine().start(Number, "r", 0);
    until(w, [&] { return begun.taken() == 1; });
    auto first = *begun.next();
    for (int i : {1, 2}) {  // the second one is kept for a second
      first.heartbeat(i);
      idle(w);
    }
    w.reopen();
    until(w, [&] { return begun.taken() == 2; });
    CHECK(got == 2);
    begun.next()->resolve(1);
    idle(w);
  }
}

TEST_CASE("what an attempt said that returns too late is the progress of the next one") {
  std::atomic<int> begun{0}, said{0}, may_say{1}, second_got{-1};
  std::atomic<bool> may_return{false};
  world w(cell{.threads = 2});
  w.open([&](stet::engine& e) {
    e.define(Number, [&](stet::context& ctx, int) -> stet::task<int> {
      co_return co_await ctx.step(
          "x", {.retry = {.initial_interval = 1s, .jitter = 0}, .timeout = 500ms},
          [&](stet::step_context& s) {
            if (++begun > 1) {
              second_got = s.progress<int>().value_or(-1);
              return 1;
            }
            for (int i = 1; i <= 2; ++i) {
              while (may_say < i) std::this_thread::yield();
              s.heartbeat(i);
              said = i;
            }
            while (!may_return) std::this_thread::yield();
            return 0;
          });
    });
  });
  auto run = w.engine().start(Number, "r", 0);
  for (int i : {1, 2}) {
    may_say = i;
    w.until([&] { return said == i; });
    for (int n = 0; n < 3; ++n) w.poke();
  }
  w.clock.advance(600ms);
  may_return = true;  // nothing else wakes the loop, which then finds that it is late
  std::this_thread::sleep_for(50ms);
  w.until([&] {
    return w.engine().admin().describe("r").value().waits_for.at(0).due != stet::time_point();
  });
  w.clock.advance(1s + 1ms);
  w.until([&] { return run.status() != stet::status::running; });
  CHECK(second_got == 2);
}

TEST_CASE("in manual mode a heartbeat that is kept is something to wake up for") {
  world w;
  outside<int> begun;
  w.open([&](stet::engine& e) {
    e.define(Number, [&](stet::context& ctx, int) -> stet::task<int> {
      co_return co_await ctx.step(
          "x", stet::owning([&](stet::completion<int> done) { begun.take(done); }));
    });
  });
  (void)w.engine().start(Number, "r", 0);
  w.engine().run_until_idle();
  auto done = begun.next().value();
  for (int i : {1, 2}) {
    done.heartbeat(i);
    w.engine().run_until_idle();
  }
  CHECK(w.engine().time_to_next_wakeup() == stet::duration(1s));
  w.clock.advance(1s);
  w.engine().run_until_idle();
  CHECK(!w.engine().time_to_next_wakeup());
  w.crash();
  w.reopen();
  w.engine().run_until_idle();
  CHECK(begun.next().value().progress<int>() == 2);
}
