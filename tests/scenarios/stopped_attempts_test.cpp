// An attempt that a close or a stall cuts short is no failure of its step.
#include <atomic>
#include <thread>

#include "completions.hpp"
#include "engine/loop/core.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(std::string)> Parent{"parent"};
inline constexpr stet::workflow<int(std::string)> OneStep{"one-step"};

constexpr stet::step_options once{.retry = {.max_attempts = 1}};

std::atomic<int> begun;

/// The first attempt goes on until it is asked to stop, and then throws, as many bodies do.
int stops(stet::step_context& s) {
  if (s.attempt() > 1) return 7;
  ++begun;
  while (!s.stop_requested()) std::this_thread::yield();
  throw std::runtime_error("stopped");
}

stet::task<int> one_step(stet::context& ctx, std::string kind, outside<int>& taken) {
  if (kind == "function") co_return co_await ctx.step("x", once, stops);
  if (kind == "owning") {
    auto body = [kind](stet::step_context& s) { return stops(s) + (kind.empty() ? 1 : 0); };
    co_return co_await ctx.step("x", once, stet::owning(body));
  }
  if (kind == "captures")
    co_return co_await ctx.step("x", once, [&](stet::step_context& s) { return stops(s); });
  if (kind == "not retryable")
    co_return co_await ctx.step(
        "x", {.retry = {.retryable = [](const std::exception&) { return false; }}}, stops);
  if (kind == "in time")
    co_return co_await ctx.step("x", {.retry = {.max_attempts = 1}, .timeout = 1h}, stops);
  if (kind == "scope") {
    auto both = co_await stet::all(ctx.step("x", once, stops), ctx.step("y", [] { return 0; }));
    co_return std::get<0>(both);
  }
  co_return co_await ctx.step("x", once, [&taken](stet::completion<int> done) {
    if (done.attempt() > 1) return (void)done.resolve(7);
    taken.take(done);
    ++begun;
    done.on_stop([&taken] { taken.next()->reject(std::runtime_error("stopped")); });
  });
}

}  // namespace

TEST_CASE(
    "a body that ends by an exception because the engine closes isn't an attempt that failed") {
  for (auto kind :
       {"function", "owning", "captures", "not retryable", "in time", "scope", "completion"}) {
    for (bool as_child : {false, true}) {
      INFO("kind: ", std::string(kind));
      CAPTURE(as_child);
      world w(cell{.threads = 2});
      outside<int> taken;
      begun = 0;
      w.open([&](stet::engine& e) {
        e.define(OneStep, [&](stet::context& ctx, std::string what) {
          return one_step(ctx, std::move(what), taken);
        });
        e.define(Parent, [](stet::context& ctx, std::string what) -> stet::task<int> {
          co_return co_await ctx.child(OneStep, "child", what);
        });
      });
      if (as_child) w.engine().start(Parent, "r", kind);
      else w.engine().start(OneStep, "r", kind);
      w.until([&] { return begun == 1; });
      w.close();
      w.reopen();
      auto& name = as_child ? Parent : OneStep;
      CHECK(w.run(name, "r", kind) == 7);
      w.close();
      CHECK(stet::check(*w.store()).ok());
    }
  }
}

namespace {

/// The first attempts throw stet::stopped when they are asked to stop.
int gives_up(stet::step_context& s) {
  if (s.attempt() > 1) return static_cast<int>(s.attempt());
  ++begun;
  for (;;) {
    s.throw_if_stopped();
    std::this_thread::yield();
  }
}

constexpr stet::step_options at_most_once{.retry = {.max_attempts = 1}, .at_most_once = true};

}  // namespace

TEST_CASE("an at_most_once step that a close stops is attempted again only if its body says so") {
  for (bool says_so : {true, false}) {
    CAPTURE(says_so);
    for (bool lmdb : {false, true}) {
      world w(cell{.lmdb = lmdb, .threads = 2});
      begun = 0;
      w.open([&](stet::engine& e) {
        e.define(Text, [says_so](stet::context& ctx) -> stet::task<std::string> {
          co_return told(co_await ctx.try_step("x", at_most_once, says_so ? gives_up : stops));
        });
      });
      w.engine().start(Text, "r");
      w.until([&] { return begun == 1; });
      w.close();
      w.reopen();
      auto text = w.run(Text, "r");
      if (says_so) CHECK(text.substr(0, 5) == "value");
      else CHECK(text.find("step_interrupted") == 0);
      w.close();
      CHECK(stet::check(*w.store()).ok());
    }
  }
}

TEST_CASE("stet::stopped counts as a failure when nobody asked, and is a time-out after one") {
  for (auto& c : cells) {
    CAPTURE(c.name());
    world w(c);
    w.open([&](stet::engine& e) {
      e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
        auto o = co_await ctx.try_step("x", {.retry = {.max_attempts = 2, .initial_interval = 1s}},
                                       []() -> int { throw stet::stopped(); });
        co_return o.failed_as<stet::step_failed>()->type() + " " + told(o);
      });
    });
    CHECK(w.run(Text, "r").find("stet::stopped step_failed after 2") == 0);
  }
  world w(cell{.threads = 2});
  begun = 0;
  w.open([&](stet::engine& e) {
    e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
      int unused = 0;
      auto o = co_await ctx.try_step(
          "x", {.retry = {.max_attempts = 2, .initial_interval = 1s}, .timeout = 1min},
          [&](stet::step_context& s) -> int {
            ++begun;
            for (;; ++unused) s.throw_if_stopped();
          });
      co_return told(o);
    });
  });
  auto run = w.engine().start(Text, "r");
  for (int attempt = 1; attempt <= 2; ++attempt) {
    w.until([&] { return begun == attempt; });
    w.clock.advance(1min);
    if (attempt == 1)
      w.until([&] {
        return w.engine().admin().describe("r").value().waits_for.at(0).due != stet::time_point();
      });
    w.clock.advance(2s);
  }
  w.until([&] { return run.status() != stet::status::running; });
  CHECK(run.result().find("step_timed_out after 2") == 0);
}

TEST_CASE("a body that stops because its run was cancelled or lost a race changes nothing") {
  world w(cell{.threads = 2});
  begun = 0;
  w.open([&](stet::engine& e) {
    e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
      auto first = co_await stet::any(ctx.step("x", gives_up), ctx.sleep(1s));
      co_return first.index() == 1 ? "the sleep" : "the step";
    });
  });
  auto run = w.engine().start(Text, "r");
  w.until([&] { return begun == 1; });
  w.clock.advance(1s);
  w.until([&] { return run.status() != stet::status::running; });
  CHECK(run.result() == "the sleep");
}

TEST_CASE(
    "bodies on the engine's own thread, and transactions, hear of a close and are no failure") {
  for (auto kind : {"inline", "manual", "transaction"}) {
    INFO("kind: ", std::string(kind));
    world w(cell{.threads = kind == std::string("manual") ? 0u : 1u});
    begun = 0;
    w.open([&](stet::engine& e) {
      e.define(OneStep, [&w](stet::context& ctx, std::string what) -> stet::task<int> {
        stet::step_options o = once;
        o.run_inline = what == "inline";
        if (what != "transaction") co_return co_await ctx.step("x", o, stops);
        co_return co_await ctx.transact("x", once, [&w](stet::transaction&) {
          if (begun++ > 0) return 7;
          while (!w.engine().internals().parts.inbox.is_closing()) std::this_thread::yield();
          throw std::runtime_error("stopped");
        });
      });
    });
    std::thread starts([&] {
      try {
        (void)w.engine().start(OneStep, "r", kind).result();
      } catch (const stet::error&) {}  // closed
    });
    while (begun == 0) std::this_thread::yield();
    w.engine().close();
    starts.join();
    w.reopen();
    CHECK(w.run(OneStep, "r", kind) == 7);
  }
}

TEST_CASE("a body that stops because its run is stalled isn't an attempt that failed") {
  world w(cell{.threads = 2});
  begun = 0;
  static std::atomic<bool> fits;
  fits = false;
  w.options.replay_check_interval = 1;
  w.open([&](stet::engine& e) {
    e.define(OneStep, [](stet::context& ctx, std::string) -> stet::task<int> {
      auto both =
          co_await stet::all(ctx.step("x", once, stops), [](stet::context& c) -> stet::task<int> {
            co_await c.sleep(1s);
            static int replays = 0;
            if (!fits && ++replays % 2) co_await c.sleep(1h);
            co_return 0;
          }(ctx));
      co_return std::get<0>(both);
    });
  });
  auto run = w.engine().start(OneStep, "r", "");
  w.until([&] { return begun == 1; });
  w.clock.advance(1s);
  w.until([&] { return run.status() == stet::status::stalled; });
  idle(w);
  fits = true;
  w.engine().admin().resume("r");
  w.until([&] { return run.status() != stet::status::stalled; });
  CHECK(w.result(run) == 7);
}
