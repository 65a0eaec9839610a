// Non-blocking steps that are pending: time-outs, cancellation, closes, and the frames that they
// keep.
#include <atomic>
#include <csignal>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/scenarios/completions.hpp"
#include "tests/support/child_process.hpp"

#if STET_TESTS_HAVE_LMDB
#include <stet/lmdb.hpp>
#endif

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string(int)> Nth{"nth"};

}  // namespace

TEST_CASE("after a time-out a step that owns what it uses goes on, and a late result is dropped") {
  for (auto& c : cells) {
    CAPTURE(c.name());
    world w(c);
    outside<int> begun;
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto o = co_await ctx.try_step(
            "x", {.retry = {.max_attempts = 2, .initial_interval = 1s}, .timeout = 1min},
            stet::owning([&](stet::completion<int> done) { begun.take(done); }));
        co_return told(o);
      });
    });
    auto run = w.engine().start(Text, "t");
    until(w, [&] { return begun.taken() == 1; });
    auto first = *begun.next();
    CHECK(!first.stop_requested());
    w.clock.advance(1min);
    until(w, [&] { return first.stop_requested(); });
    CHECK(!first.resolve(1));
    w.clock.advance(2s);
    until(w, [&] { return begun.taken() == 2; });
    auto second = *begun.next();
    CHECK(second.attempt() == 2);
    CHECK(second.idempotency_key() == first.idempotency_key());
    w.clock.advance(1min);
    CHECK(result_of(w, run) ==
          "step_timed_out after 2: the step was not completed within 60000 ms");
    CHECK(!second.resolve(2));
    CHECK(begun.taken() == 2);
  }
}

TEST_CASE("after a time-out a step that captures is waited for, and its value doesn't count") {
  for (bool resolves : {true, false}) {
    for (auto& c : cells) {
      CAPTURE(c.name());
      world w(c);
      outside<int> begun;
      std::atomic<bool> went_on{false}, intact{false};
      w.open([&](stet::engine& e) {
        e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
          std::string captured(1000, 'c');
          auto o = co_await ctx.try_step("x", {.retry = {.max_attempts = 1}, .timeout = 1min},
                                         [&](stet::completion<int> done) {
                                           done.on_stop([&] { intact = captured.size() == 1000; });
                                           begun.take(done);
                                         });
          if (!ctx.replaying()) went_on = true;
          co_return told(o);
        });
      });
      auto run = w.engine().start(Text, "t");
      until(w, [&] { return begun.taken() == 1; });
      w.clock.advance(1min);
      until(w, [&] { return intact.load(); });
      idle(w);
      CHECK(!went_on);
      w.clock.advance(1min);
      until(w, [&] { return w.heard.heard("'x' is still pending 30 s after"); });
      if (resolves) CHECK(begun.next()->resolve(5));
      else (void)begun.all();
      CHECK(result_of(w, run) ==
            "step_timed_out after 1: the step was not completed within 60000 ms");
    }
  }
}

TEST_CASE(
    "a step that says nothing for too long has timed out; heartbeats keep it, blocking or not") {
  for (cell c : {cell{.threads = 2}, cell{.resident = 0, .threads = 2, .check = 1}}) {
    for (bool blocks : {false, true}) {
      CAPTURE(c.name());
      CAPTURE(blocks);
      world w(c);
      outside<int> begun;
      std::atomic<int> beats{0}, wanted{0}, seen{-1};
      w.open([&](stet::engine& e) {
        e.define(Text, [&, blocks](stet::context& ctx) -> stet::task<std::string> {
          constexpr stet::step_options o{.retry = {.max_attempts = 2, .initial_interval = 1s},
                                         .heartbeat_timeout = 1min};
          if (!blocks)
            co_return told(co_await ctx.try_step("x", o, [&](stet::completion<int> done) {
              done.on_stop([&] { (void)begun.all(); });
              begun.take(done);
              seen = done.progress<int>().value_or(0);  // last: after it the test takes `done`
            }));
          co_return told(co_await ctx.try_step("x", o, [&](stet::step_context& s) {
            seen = s.progress<int>().value_or(0);
            while (!s.stop_requested()) {
              if (beats < wanted) s.heartbeat(++beats);
              std::this_thread::yield();
            }
            return 1;
          }));
        });
      });
      auto run = w.engine().start(Text, "t");
      w.until([&] { return seen == 0; });
      auto pending = begun.all();
      for (int i = 1; i <= 5; ++i) {
        w.clock.advance(50s);
        wanted = i;
        if (!blocks) pending.at(0).heartbeat(++beats);
        w.until([&] { return beats == i; });
        idle(w);
      }
      CHECK(run.status() == stet::status::running);
      CHECK(w.engine().admin().describe("t").value().waits_for.at(0).last_error.empty());
      pending.clear();
      if (blocks) w.clock.advance(1min);  // otherwise the last dropped completion failed it
      w.until([&] {                       // the first attempt is back
        auto info = w.engine().admin().describe("t").value();
        return info.waits_for.at(0).phase == stet::step_phase::retrying;
      });
      auto why = w.engine().admin().describe("t").value().waits_for.at(0).last_error;
      if (blocks) CHECK(why.find("no heartbeat within 60000 ms") != std::string::npos);
      w.clock.advance(2s);
      w.until([&] { return seen == 5; });  // the second attempt reads the progress of the first
      w.clock.advance(1min);
      w.until([&] { return run.status() != stet::status::running; });
      CHECK(run.result() == "step_timed_out after 2: there was no heartbeat within 60000 ms");
    }
  }
}

TEST_CASE("a cancelled step is told, and may end itself on the spot") {
  for (bool owns : {false, true}) {
    for (auto& c : cells) {
      CAPTURE(c.name());
      world w(c);
      outside<int> begun;
      std::atomic<int> stops{0};
      w.open([&](stet::engine& e) {
        e.define(Text, [&, owns](stet::context& ctx) -> stet::task<std::string> {
          auto begin = [&](stet::completion<int> done) {
            done.on_stop([&] {
              ++stops;
              for (auto& d : begun.all()) d.reject(std::runtime_error("aborted"));
            });
            begun.take(done);
          };
          bool lost = false;
          try {
            if (owns) co_await ctx.step("x", stet::owning(begin));
            else co_await ctx.step("x", begin);
          } catch (const stet::cancelled& x) { lost = x.reason() == "why"; }
          co_return lost ? "cancelled" : "not";
        });
      });
      auto run = w.engine().start(Text, "t");
      until(w, [&] { return begun.taken() == 1; });
      run.cancel("why");
      CHECK(result_of(w, run) == "cancelled");
      CHECK(stops == 1);
    }
  }
}

TEST_CASE("the loser of a race is told to stop, and a late result changes nothing") {
  for (auto& c : cells) {
    CAPTURE(c.name());
    world w(c);
    outside<int> begun;
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto r = co_await stet::any(
            ctx.step("slow", stet::owning([&](stet::completion<int> done) { begun.take(done); })),
            ctx.sleep(1min));
        co_await ctx.sleep(1h);
        co_return std::to_string(r.index());
      });
    });
    w.engine().start(Text, "t");
    until(w, [&] { return begun.taken() == 1; });
    auto done = *begun.next();
    w.clock.advance(1min);
    until(w, [&] { return done.stop_requested(); });
    CHECK(!done.resolve(5));
    bool told_at_once = false;
    done.on_stop([&] { told_at_once = true; });
    CHECK(!told_at_once);  // it has ended: there is nothing to stop
    w.restart();
    CHECK(run_to_end(w, Text, "t") == "1");
    CHECK(begun.taken() == 1);
  }
}

TEST_CASE("a completion outlives its run, its engine, and the close of it") {
  for (auto& c : cells) {
    CAPTURE(c.name());
    outside<std::string> begun;
    std::optional<world> w;
    w.emplace(c);
    auto begin = [&](stet::completion<std::string> done, const std::string& mine) {
      done.on_stop([kept = std::make_shared<int>(1)] { ++*kept; });
      begun.take(done);
      return (void)mine;
    };
    auto define = [&](stet::engine& e) {
      e.define(Nth, [&](stet::context& ctx, int n) -> stet::task<std::string> {
        auto o = co_await ctx.try_step("x", {.at_most_once = n == 1}, stet::owning(begin),
                                       std::string(1000, 'm'));
        co_return o ? *o : std::string(to_string(o.failed_as<stet::step_failed>()->code()));
      });
    };
    w->open(define);
    for (int i = 0; i < 3; ++i) w->engine().start(Nth, std::to_string(i), i);
    until(*w, [&] { return begun.taken() == 3; });
    w->engine().find(Nth, "2")->terminate("enough");
    auto first = begun.all();
    w->close();  // doesn't wait for pending steps
    for (auto& d : first) {
      CHECK(d.stop_requested());
      CHECK(!d.resolve("late"));
      d.heartbeat(1);
      CHECK(d.attempt() == 1);
      CHECK(d.idempotency_key().size() > 32);
    }
    w->open(define);
    until(*w, [&] { return begun.taken() == 4; });
    auto again = *begun.next();
    CHECK(again.attempt() == 2);
    CHECK(again.resolve("good"));
    CHECK(run_to_end(*w, Nth, "0", 0) == "good");
    CHECK(run_to_end(*w, Nth, "1", 1) == "step_interrupted");
    w->engine().start(Nth, "3", 0);
    until(*w, [&] { return begun.taken() == 5; });
    auto last = *begun.next();
    w->crash();
    w.reset();
    CHECK(!last.resolve("nobody is there"));
    CHECK(!last.reject(std::runtime_error("nobody is there")));
  }
}

TEST_CASE(
    "a close waits for what a step that captures has begun: a value counts, a failure doesn't") {
  for (bool fails : {false, true}) {
    for (auto& c : cells) {
      CAPTURE(c.name());
      world w(c);
      outside<int> begun;
      event_loop loop;
      std::atomic<bool> intact{false};
      auto define = [&](stet::engine& e) {
        e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
          std::string captured(1000, 'c');
          auto o = co_await ctx.try_step("x", {.retry = {.max_attempts = 1}},
                                         [&](stet::completion<int> done) {
                                           if (w.done.hit("x") == 2) return (void)done.resolve(2);
                                           done.on_stop([&] {
                                             loop.post([&] {
                                               std::this_thread::sleep_for(20ms);
                                               intact = captured == std::string(1000, 'c');
                                               auto d = *begun.next();
                                               if (fails) d.reject(std::runtime_error("aborted"));
                                               else d.resolve(1);
                                             });
                                           });
                                           begun.take(done);
                                         });
          co_return told(o);
        });
      };
      w.open(define);
      w.engine().start(Text, "t");
      until(w, [&] { return begun.taken() == 1; });
      w.close();
      CHECK(intact);
      w.open(define);
      CHECK(run_to_end(w, Text, "t") == (fails ? "value 2" : "value 1"));
    }
  }
}

TEST_CASE(
    "while a step is pending its frame goes if it owns what it uses, and stays if it captures") {
  for (unsigned threads : {0u, 2u}) {
    world w({.resident = 0, .threads = threads});
    outside<int> begun;
    std::atomic<int> frames{0};
    struct alive {
      explicit alive(std::atomic<int>& n) : n_(n) { ++n_; }
      alive(const alive&) = delete;
      alive& operator=(const alive&) = delete;
      ~alive() { --n_; }
      std::atomic<int>& n_;
    };
    w.open([&](stet::engine& e) {
      e.define(Nth, [&](stet::context& ctx, int owns) -> stet::task<std::string> {
        alive here(frames);
        auto begin = [&](stet::completion<int> done) { begun.take(done); };
        auto n = owns ? co_await ctx.step("x", stet::owning(begin)) : co_await ctx.step("x", begin);
        co_return std::to_string(n);
      });
    });
    for (int owns : {1, 0}) {
      auto run = w.engine().start(Nth, std::to_string(owns), owns);
      until(w, [&] { return begun.taken() == (owns ? 1u : 2u); });
      idle(w);
      CHECK(frames.load() == 1 - owns);
      CHECK(begun.next()->resolve(7));
      CHECK(result_of(w, run) == "7");
    }
    idle(w);
    CHECK(frames == 0);
  }
}

TEST_CASE("ten thousand steps are pending at once beside one thread, which stays free") {
  world w({.threads = 1});
  outside<int> begun;
  w.open([&](stet::engine& e) {
    e.define(Number, [&](stet::context& ctx, int n) -> stet::task<int> {
      if (n < 0) co_return co_await ctx.step("blocking", [] { return 1; });
      co_return co_await ctx.step(
          "x", stet::owning([&](stet::completion<int> done, int) { begun.take(done); }), n);
    });
  });
  constexpr int many = 10'000;
  for (int i = 0; i < many; ++i) w.engine().start(Number, std::to_string(i), i);
  until(w, [&] { return begun.taken() == many; });
  CHECK(w.engine().start(Number, "blocking", -1).result() == 1);
  auto pending = begun.all();
  REQUIRE(pending.size() == many);
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (std::size_t t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (auto i = t; i < many; i += 8) pending[i].resolve(1);
    });
  for (auto& t : threads) t.join();
  int sum = 0;
  for (int i = 0; i < many; ++i) sum += w.engine().find(Number, std::to_string(i))->result();
  CHECK(sum == many);
}

#if STET_TESTS_HAVE_LMDB
TEST_CASE("a suspect that is pending has come through, and holds up no other") {
  temporary_directory directory;
  recorder heard;
  auto make = [&](const std::function<void(stet::completion<int>)>& body) {
    auto e = std::make_unique<stet::engine>(stet::lmdb::open(directory / "store"),
                                            stet::engine_options{.threads = 2, .listener = &heard});
    e->define(Nth, [body](stet::context& ctx, int) -> stet::task<std::string> {
      co_return std::to_string(co_await ctx.step("x", stet::owning(body)));
    });
    e->start();
    return e;
  };
  child_process child([&](int) {
    std::atomic<int> inside{0};
    auto e = make([&](const stet::completion<int>&) {
      ++inside;
      while (inside < 2) std::this_thread::yield();
      ::raise(SIGKILL);
    });
    for (int n : {0, 1}) e->start(Nth, std::to_string(n), n);
    for (;;) std::this_thread::sleep_for(1s);
  });
  CHECK(WTERMSIG(child.wait()) == SIGKILL);
  outside<int> begun;
  auto e = make([&](stet::completion<int> done) { begun.take(std::move(done)); });
  for (int i = 0; i < 5000 && begun.taken() < 2; ++i) std::this_thread::sleep_for(1ms);
  CHECK(begun.taken() == 2);
  for (auto& done : begun.all()) CHECK(done.resolve(7));  // in any order
  for (int n : {0, 1}) CHECK(e->start(Nth, std::to_string(n), n).result() == "7");
}
#endif
