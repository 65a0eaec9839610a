// Bodies of steps on threads of their own: time-outs, bodies that ignore them, and the variables of
// the workflow that a body may refer to.
#include <atomic>
#include <thread>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string()> Text{"text"};

constexpr cell threads[] = {{.resident = 0, .threads = 2},
                            {.threads = 2, .check = 1},
                            {.lmdb = true, .threads = 2},
                            {.lmdb = true, .resident = 0, .threads = 2, .check = 1}};

/// A body waits at this door until the test opens it.
class door {
 public:
  void pass() {
    ++inside_;
    while (!open_) std::this_thread::yield();
  }
  void open() { open_ = true; }
  void shut() { open_ = false; }
  int passed() const { return inside_; }

 private:
  std::atomic<bool> open_{false};
  std::atomic<int> inside_{0};
};

std::string told(const stet::outcome<int>& o) {
  if (o) return "value " + std::to_string(*o);
  auto f = o.failed_as<stet::step_failed>();
  return f ? std::string(to_string(f->code())) + " after " + std::to_string(f->attempts()) : "?";
}

/// Lets the loop turn often enough for everything that can happen.
void idle(world& w) {
  for (int i = 0; i < 20; ++i) w.poke();
}

}  // namespace

TEST_CASE("a body that refers to its workflow holds it at the await until it has returned [S22]") {
  for (auto& c : threads) {
    CAPTURE(c.name());
    door d;
    std::atomic<bool> went_on{false}, intact{false};
    world w(c);
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        std::string text;
        {
          std::string captured(1000, 'c');
          auto o = co_await ctx.try_step("x", {.retry = {.max_attempts = 1}, .timeout = 1min}, [&] {
            d.pass();
            intact = captured == std::string(1000, 'c');
            return 5;
          });
          if (!ctx.replaying()) went_on = true;
          text = told(o);
        }
        co_await ctx.sleep(1h);
        co_return text;
      });
    });
    auto run = w.engine().start(Text, "t");
    w.until([&] { return d.passed() == 1; });
    w.clock.advance(2min);
    idle(w);
    CHECK(!went_on);
    CHECK(run.status() == stet::status::running);
    auto waits_for = w.engine().admin().describe("t").value().waits_for.at(0);
    CHECK(waits_for.name == "x");
    CHECK(waits_for.phase == stet::step_phase::returning);
    CHECK(waits_for.last_error == "the body did not return within 60000 ms");
    d.open();
    w.until([&] { return went_on.load(); });
    CHECK(intact);
    w.restart();
    CHECK(w.run(Text, "t") ==
          "step_timed_out after 1");  // the late value didn't count, then and now
    CHECK(d.passed() == 1);
  }
}

TEST_CASE("a body that owns what it uses is left behind, and its late result dropped [S22]") {
  for (auto& c : threads) {
    CAPTURE(c.name());
    door d;
    std::atomic<int> intact{0};
    world w(c);
    auto body = [&](stet::step_context& s, const std::string& mine) {
      d.pass();
      intact += s.stop_requested() && mine == std::string(1000, 'm');
      return 5;
    };
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        constexpr stet::step_options minute{.retry = {.max_attempts = 1}, .timeout = 1min};
        auto o = co_await ctx.try_step("x", minute, stet::owning(body), std::string(1000, 'm'));
        co_return told(o);
      });
    });
    auto run = w.engine().start(Text, "t");
    w.until([&] { return d.passed() == 1; });
    w.clock.advance(2min);
    w.until([&] { return run.status() != stet::status::running; });
    CHECK(run.result() == "step_timed_out after 1");
    CHECK(intact == 0);
    d.open();
    w.until([&] { return intact == 1; });
    idle(w);
    CHECK(run.result() == "step_timed_out after 1");
    CHECK(w.engine().admin().describe("t").value().records ==
          4);  // started, step, failed, completed
  }
}

TEST_CASE("each attempt has its own time, and a body that heeds it is tried again [S23]") {
  for (auto& c : threads) {
    CAPTURE(c.name());
    world w(c);
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto o = co_await ctx.try_step(
            "x",
            {.retry = {.max_attempts = 3, .initial_interval = 1h, .jitter = 0}, .timeout = 1min},
            [&](stet::step_context& s) {
              auto n = w.done.hit("x");
              while (n < 3 && !s.stop_requested()) std::this_thread::yield();
              return static_cast<int>(s.attempt());
            });
        co_return told(o);
      });
    });
    auto run = w.engine().start(Text, "t");
    for (int n = 1; n < 3; ++n) {
      w.until([&] { return w.done.of("x") == n; });
      w.clock.advance(1min);
      w.until([&] {
        return w.engine().admin().describe("t").value().waits_for.at(0).due != stet::time_point();
      });
      auto info = w.engine().admin().describe("t").value().waits_for.at(0);
      CHECK(info.attempt == static_cast<unsigned>(n));
      CHECK(info.last_error.find("did not return") != std::string::npos);
      w.clock.advance(2h);
    }
    w.until([&] { return run.status() != stet::status::running; });
    CHECK(run.result() == "value 3");
  }
}

TEST_CASE("the time of all attempts ends the one that runs") {
  for (auto& c : threads) {
    CAPTURE(c.name());
    world w(c);
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto o = co_await ctx.try_step("x", {.timeout = 10h, .total_timeout = 1h},
                                       [&](stet::step_context& s) {
                                         w.done.hit("x");
                                         while (!s.stop_requested()) std::this_thread::yield();
                                         return 1;
                                       });
        co_return told(o);
      });
    });
    auto run = w.engine().start(Text, "t");
    w.until([&] { return w.done.of("x") == 1; });
    w.clock.advance(1h);
    w.until([&] { return run.status() != stet::status::running; });
    CHECK(run.result() == "step_timed_out after 1");
  }
}

TEST_CASE("a body that goes on long after it was asked to stop is named") {
  door d;
  world w({.threads = 2});
  w.open([&](stet::engine& e) {
    e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
      auto o =
          co_await ctx.try_step("stubborn", {.retry = {.max_attempts = 1}, .timeout = 1min}, [&] {
            d.pass();
            return 1;
          });
      co_return told(o);
    });
  });
  auto run = w.engine().start(Text, "t");
  w.until([&] { return d.passed() == 1; });
  w.clock.advance(1min);
  idle(w);
  CHECK(w.heard.problems().empty());
  w.clock.advance(1min);
  w.until([&] { return w.heard.heard("'stubborn' goes on"); });
  d.open();
  w.until([&] { return run.status() != stet::status::running; });
  CHECK(w.heard.problems().size() == 1);
}

TEST_CASE(
    "the loser of a race is asked to stop; one that refers to its workflow is waited for [S73, "
    "S80]") {
  for (auto& c : threads) {
    CAPTURE(c.name());
    door d;
    std::atomic<bool> stopped{false}, went_on{false};
    world w(c);
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        std::string captured(1000, 'c');
        auto r = co_await stet::any(ctx.step("slow",
                                             [&](stet::step_context& s) {
                                               w.done.hit("slow");
                                               while (!s.stop_requested())
                                                 std::this_thread::yield();
                                               stopped = true;
                                               d.pass();
                                               return captured.size();
                                             }),
                                    ctx.sleep(1min));
        if (!ctx.replaying()) went_on = true;
        co_await ctx.sleep(1h);
        co_return std::to_string(r.index());
      });
    });
    w.engine().start(Text, "t");
    w.until([&] { return w.done.of("slow") == 1; });
    w.clock.advance(1min);
    w.until([&] { return stopped.load(); });
    idle(w);
    CHECK(!went_on);
    d.open();
    w.until([&] { return went_on.load(); });
    w.restart();
    CHECK(w.run(Text, "t") == "1");
    CHECK(w.done.of("slow") == 1);
  }
}

TEST_CASE("a crash while a body is waited for that has lost: it is not run again [S74]") {
  for (auto& c : threads) {
    CAPTURE(c.name());
    door d;
    world w(c);
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto r = co_await stet::any(ctx.step("slow",
                                             [&] {
                                               d.pass();
                                               return 1;
                                             }),
                                    ctx.sleep(1min));
        co_return std::to_string(r.index());
      });
    });
    w.engine().start(Text, "t");
    w.until([&] { return d.passed() == 1; });
    w.clock.advance(1min);
    w.until([&] {
      return w.engine().admin().describe("t").value().records >= 5;
    });  // started, step, sleep, fired, cancelled
    w.cut();
    d.open();
    w.crash();
    w.reopen();
    CHECK(w.run(Text, "t") == "1");
    CHECK(d.passed() == 1);
  }
}

TEST_CASE("a cancellation while a body runs asks it to stop; one outcome is recorded [S80]") {
  for (auto& c : threads) {
    CAPTURE(c.name());
    world w(c);
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        bool lost = false;
        try {
          co_await ctx.step("x", [&](stet::step_context& s) {
            w.done.hit("x");
            while (!s.stop_requested()) std::this_thread::yield();
          });
        } catch (const stet::cancelled& x) { lost = x.reason() == "why"; }
        co_return lost ? "cancelled" : "not";
      });
    });
    auto run = w.engine().start(Text, "t");
    w.until([&] { return w.done.of("x") == 1; });
    run.cancel("why");
    w.until([&] { return run.status() != stet::status::running; });
    CHECK(run.result() == "cancelled");
    CHECK(w.done.of("x") == 1);
  }
}

TEST_CASE(
    "a cancellation that races with the end of the last step ends the run one way, and once "
    "[S83]") {
  for (auto& c : threads) {
    CAPTURE(c.name());
    world w(c);
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        co_await ctx.step("x", [&] { w.done.hit("x"); });
        co_return "done";
      });
    });
    for (int i = 0; i < 100; ++i) {
      auto id = std::to_string(i);
      auto run = w.engine().start(Text, id);
      for (int spin = 0; spin < i * 20; ++spin) std::this_thread::yield();
      run.cancel("race");
      w.until([&] { return run.status() != stet::status::running; });
      auto status = run.status();
      CHECK((status == stet::status::completed || status == stet::status::cancelled));
      w.poke();
      CHECK(run.status() == status);
    }
    CHECK(w.done.of("x") <= 100);
  }
}

TEST_CASE(
    "a frame beyond the budget stays while one of its bodies runs, and the result counts [S202]") {
  for (auto& c : threads) {
    CAPTURE(c.name());
    door d;
    world w(c);
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        std::string captured(1000, 'c');
        auto both = co_await stet::all(ctx.step("x",
                                                [&] {
                                                  d.pass();
                                                  return captured.size();
                                                }),
                                       ctx.sleep(1min));
        co_return std::to_string(std::get<0>(both));
      });
    });
    auto run = w.engine().start(Text, "t");
    w.until([&] { return d.passed() == 1; });
    w.clock.advance(1min);
    idle(w);
    d.open();
    w.until([&] { return run.status() != stet::status::running; });
    CHECK(run.result() == "1000");
  }
}

TEST_CASE("a body that was left behind isn't shown as what its step waits for") {
  for (auto& c : threads) {
    CAPTURE(c.name());
    door d;
    std::atomic<int> begun{0};
    world w(c);
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        co_return co_await ctx.step(
            "x", {.retry = {.initial_interval = 1h, .jitter = 0}, .timeout = 1min},
            stet::owning([&](stet::step_context& s) {
              ++begun;
              if (s.attempt() == 1) d.pass();
              return std::string("done");
            }));
      });
    });
    auto run = w.engine().start(Text, "t");
    w.until([&] { return begun == 1; });
    w.clock.advance(1min);
    auto step = [&] { return w.engine().admin().describe("t").value().waits_for.at(0); };
    w.until([&] { return step().due != stet::time_point(); });
    CHECK(step().phase == stet::step_phase::retrying);
    w.clock.advance(1h);
    w.until([&] { return run.status() != stet::status::running; });
    d.open();
  }
}
