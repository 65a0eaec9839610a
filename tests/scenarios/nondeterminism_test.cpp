// Code that no longer fits the history of its run.
#include <cstring>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string()> Text{"text"};
inline constexpr stet::workflow<int(int)> Child{"child"};
inline constexpr stet::workflow<int(int)> Other{"other"};
inline constexpr stet::workflow<int()> Innocent{"innocent"};

using code = stet::task<std::string> (*)(stet::context&, world&);

void keep(int) {}

/// A last step that fails until the test lets it through. The recorded runs wait for it.
auto last(stet::context& ctx, world& w) {
  return ctx.step("last", {.retry = {.initial_interval = 1h, .backoff = 1, .jitter = 0}}, [&w] {
    if (w.done.hit("last") == 1) throw std::runtime_error("not yet");
  });
}

// The code that was recorded.
stet::task<std::string> recorded(stet::context& ctx, world& w) {
  co_await ctx.step("first", [&w](int) { w.done.hit("first"); }, 1);
  co_await ctx.sleep(1min);
  co_await ctx.step("second", [&w](int) { w.done.hit("second"); }, 2);
  co_await ctx.child(Child, "c", 3);
  co_await last(ctx, w);
  co_return "done";
}

// Today's code.
stet::task<std::string> step_to_timer(stet::context& ctx, world& w) {
  co_await ctx.sleep(1min);
  co_await last(ctx, w);
  co_return "wrong";
}
stet::task<std::string> timer_to_step(stet::context& ctx, world& w) {
  co_await ctx.step("first", keep, 1);
  co_await ctx.step("wrong", [&w] { w.done.hit("wrong"); });
  co_return "wrong";
}
stet::task<std::string> renamed(stet::context& ctx, world& w) {
  co_await ctx.step("premier", keep, 1);
  co_await last(ctx, w);
  co_return "wrong";
}
stet::task<std::string> other_input(stet::context& ctx, world& w) {
  co_await ctx.step("first", keep, 7);
  co_await last(ctx, w);
  co_return "wrong";
}
stet::task<std::string> inserted(stet::context& ctx, world& w) {
  co_await ctx.step("wrong", [&w] { w.done.hit("wrong"); });
  co_return co_await recorded(ctx, w);
}
stet::task<std::string> removed(stet::context& ctx, world& w) {
  co_await ctx.step("first", keep, 1);
  co_await ctx.step("second", keep, 2);
  co_await last(ctx, w);
  co_return "wrong";
}
stet::task<std::string> swapped(stet::context& ctx, world& w) {
  co_await ctx.step("second", keep, 2);
  co_await ctx.sleep(1min);
  co_await ctx.step("first", keep, 1);
  co_await last(ctx, w);
  co_return "wrong";
}
stet::task<std::string> ends_early(stet::context& ctx, world&) {
  co_await ctx.step("first", keep, 1);
  co_return "wrong";
}
stet::task<std::string> fails_early(stet::context& ctx, world&) {
  co_await ctx.step("first", keep, 1);
  throw std::runtime_error("wrong");
}
stet::task<std::string> other_length(stet::context& ctx, world& w) {
  co_await ctx.step("first", keep, 1);
  co_await ctx.sleep(2min);
  co_await last(ctx, w);
  co_return "wrong";
}
stet::task<std::string> other_child_id(stet::context& ctx, world& w) {
  co_await ctx.step("first", keep, 1);
  co_await ctx.sleep(1min);
  co_await ctx.step("second", keep, 2);
  co_await ctx.child(Child, "wrong", 3);
  co_await last(ctx, w);
  co_return "wrong";
}
stet::task<std::string> other_child_type(stet::context& ctx, world& w) {
  co_await ctx.step("first", keep, 1);
  co_await ctx.sleep(1min);
  co_await ctx.step("second", keep, 2);
  co_await ctx.child(Other, "c", 3);
  co_await last(ctx, w);
  co_return "wrong";
}
stet::task<std::string> one_more_at_once(stet::context& ctx, world& w) {
  co_await ctx.step("first", keep, 1);
  co_await ctx.sleep(1min);
  co_await ctx.step("second", keep, 2);
  co_await stet::all(ctx.child(Child, "c", 3), ctx.step("wrong", [&w] { w.done.hit("wrong"); }));
  co_return "wrong";
}

stet::task<int> give(stet::context&, int n) { co_return n; }

world::definer build(world& w, code c) {
  return [&w, c](stet::engine& e) {
    e.define(Text, [&w, c](stet::context& ctx) -> stet::task<std::string> {
      co_return co_await c(ctx, w);
    });
    e.define(Child, give);
    e.define(Other, give);
    e.define(Innocent, [&w](stet::context& ctx) -> stet::task<int> {
      co_await ctx.sleep(30min);
      co_return co_await ctx.step("innocent", [&w] { return w.done.hit("innocent"); });
    });
  };
}

struct change {
  const char* name;
  code today;
  const char* was;
  const char* is;
};
constexpr change changes[] = {
    {"step to timer [S125]", step_to_timer, "step 'first'", "sleep of 60000 ms"},
    {"timer to step [S126]", timer_to_step, "sleep of 60000 ms", "step 'wrong'"},
    {"a step renamed [S127]", renamed, "step 'first'", "step 'premier'"},
    {"a step's input changed [S128]", other_input, "step 'first'", "step 'first'"},
    {"one more at the front [S129]", inserted, "step 'first'", "step 'wrong'"},
    {"one removed [S130]", removed, "sleep of 60000 ms", "step 'second'"},
    {"two swapped [S131]", swapped, "step 'first'", "step 'second'"},
    {"an end too early [S132]", ends_early, "sleep of 60000 ms", "completed"},
    {"a failure too early [S132]", fails_early, "sleep of 60000 ms",
     "failed with std::runtime_error"},
    {"a sleep of another length", other_length, "sleep of 60000 ms", "sleep of 120000 ms"},
    {"a child's id changed [S133]", other_child_id, "child 'child' as 'c'",
     "child 'child' as 'wrong'"},
    {"a child's type changed [S133]", other_child_type, "child 'child' as 'c'",
     "child 'other' as 'c'"},
    {"one more beside the last [S129]", one_more_at_once, "nothing more", "step 'wrong'"},
};

}  // namespace

TEST_CASE(
    "code that doesn't fit stalls its run, does nothing, holds nobody up; a build that fits goes "
    "on "
    "[S125-S133]") {
  for (auto& c : changes) {
    CAPTURE(std::string(c.name));
    everywhere_by_hand([&](world& w) {
      w.open(build(w, recorded));
      w.engine().start(Text, "t");
      w.engine().start(Innocent, "i");
      w.settle();
      w.pass(1min);
      REQUIRE(w.done.of("last") == 1);
      w.crash();

      w.open(build(w, c.today));
      w.pass(2h);
      auto run = *w.engine().find(Text, "t");
      REQUIRE(run.status() == stet::status::stalled);
      auto what = what_throws([&] { run.result(); });
      CHECK(what.code == stet::errc::run_stalled);
      CHECK_MESSAGE(what.says(std::string("the history says ") + c.was), what.text);
      CHECK_MESSAGE(what.says(std::string("code says ") + c.is), what.text);
      CHECK(w.heard.heard("run 't' of workflow 'text' is stalled"));
      CHECK(w.engine().admin().describe("t").value().reason.find(c.was) != std::string::npos);
      CHECK(w.done.of("wrong") == 0);
      CHECK(w.done.of("last") == 1);
      CHECK(w.done.of("innocent") == 1);
      CHECK(w.engine().find(Innocent, "i")->result() == 1);
      CHECK(!w.engine().find(Child, "wrong"));
      w.restart();  // and again
      w.settle();
      CHECK(w.engine().find(Text, "t")->status() == stet::status::stalled);
      w.crash();

      w.open(build(w, recorded));
      CHECK(w.run(Text, "t") == "done");
      for (auto* step : {"first", "second"}) CHECK(w.done.of(step) == 1);
      CHECK(w.done.of("last") == 2);
    });
  }
}

TEST_CASE("a divergence names both places in the source") {
  world w;
  w.open(build(w, recorded));
  w.engine().start(Text, "t");
  w.settle();
  w.crash();
  w.open(build(w, renamed));
  w.pass(1h);
  auto reason = w.engine().admin().describe("t").value().reason;
  auto places = 0;
  for (auto at = reason.find("line "); at != std::string::npos; at = reason.find("line ", at + 1))
    ++places;
  bool file = reason.find("nondeterminism_test.cpp:") != std::string::npos;
  CHECK_MESSAGE(places + file == 2, reason);
}

TEST_CASE("a stalled run may be cancelled, which waits for a build that fits, or terminated") {
  everywhere_by_hand([](world& w) {
    w.open(build(w, recorded));
    w.engine().start(Text, "cancelled");
    w.engine().start(Text, "terminated");
    w.settle();
    w.crash();
    w.open(build(w, renamed));
    w.pass(1min);
    auto asked = w.clock.wall();
    w.engine().cancel("cancelled", "enough");
    w.engine().terminate("terminated", "enough");
    w.settle();
    CHECK(w.engine().find(Text, "cancelled")->status() == stet::status::stalled);
    w.pass(1min);
    auto info = w.engine().admin().describe("cancelled").value();
    CHECK(info.cancel_requested == asked);
    CHECK(info.cancel_reason == "enough");
    CHECK(w.engine().admin().describe("terminated").value().cancel_requested == stet::time_point{});
    CHECK(w.engine().find(Text, "terminated")->status() == stet::status::terminated);
    w.crash();
    w.open(build(w, recorded));
    w.settle();
    CHECK(w.engine().find(Text, "cancelled")->status() == stet::status::cancelled);
    CHECK(w.engine().find(Text, "terminated")->status() == stet::status::terminated);
    CHECK(w.done.of("second") == 0);
  });
}

TEST_CASE("what the fixed build is asked first is answered by what the run does now") {
  for (cell c :
       {cell{}, cell{.resident = 0}, cell{.threads = 4}, cell{.lmdb = true, .threads = 4}}) {
    for (bool clean : {false, true}) {
      CAPTURE(c.name());
      world w(c);
      auto text = [](const char* name) {
        return [name](stet::engine& e) {
          e.define(Text, [name](stet::context& ctx) -> stet::task<std::string> {
            co_await ctx.step(name, {.retry = {.initial_interval = 1h}}, [](stet::step_context& s) {
              if (s.attempt() == 1) throw std::runtime_error("not yet");
            });
            co_return "done";
          });
        };
      };
      w.open(text("right"));
      w.engine().start(Text, "t");
      w.settle();
      w.crash();
      w.open(text("wrong"));
      w.pass(2h);
      if (clean) w.close();
      else w.crash();
      w.open(text("right"));
      CHECK(w.engine().find(Text, "t")->result() == "done");
    }
  }
}

TEST_CASE("a run of a workflow that isn't defined is stalled, and goes on where it is [S139]") {
  everywhere([](world& w) {
    w.open(build(w, recorded));
    w.engine().start(Text, "t");
    w.settle();
    w.crash();
    w.open([](stet::engine& e) { e.define(Other, give); });
    w.pass(2h);
    auto info = w.engine().admin().describe("t");
    REQUIRE(info);
    CHECK(info->status == stet::status::stalled);
    CHECK(info->reason.find("no workflow 'text' is defined") != std::string::npos);
    CHECK(w.run(Other, "o", 5) == 5);
    CHECK(what_throws([&] { w.engine().start(Text, "u"); }).code == stet::errc::unknown_workflow);
    CHECK(what_throws([&] { w.engine().find(Other, "t"); }).code == stet::errc::conflict);
    w.close();
    w.open(build(w, recorded));
    CHECK(w.run(Text, "t") == "done");
    CHECK(w.done.of("first") == 1);
  });
}

TEST_CASE(
    "a choice that differs from time to time is found by the first replay, and never counts [S140, "
    "S142]") {
  for (cell c :
       {cell{.resident = 0}, cell{.check = 1}, cell{.lmdb = true, .resident = 0, .threads = 4}}) {
    std::atomic<int> turn{0};
    world w(c);
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto name = turn++ % 2 ? "odd" : "even";
        co_await ctx.step(name, [&] { w.done.hit("effect"); });
        co_await ctx.sleep(1h);
        co_return name;
      });
    });
    auto run = w.engine().start(Text, "t");
    w.pass(1h);
    CHECK(run.status() == stet::status::stalled);
    CHECK(w.done.of("effect") <= 1);
  }
}

TEST_CASE("the watch finds what no crash has shown yet: a body that writes what it captured") {
  world w({.check = 1});
  w.open([&](stet::engine& e) {
    e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
      int total = 100;
      co_await ctx.step("add", [&] { total += 5; });
      co_return std::to_string(total);
    });
  });
  auto run = w.engine().start(Text, "t");
  w.settle();
  CHECK(run.status() == stet::status::stalled);
  CHECK(w.engine().admin().describe("t").value().reason.find("isn't deterministic") !=
        std::string::npos);
}

TEST_CASE("arguments that don't decode stall their run; a build that reads them runs it") {
  constexpr stet::workflow<int(int)> Number{"number"};
  constexpr stet::workflow<int(std::string)> Word{"number"};
  everywhere_by_hand([&](world& w) {
    auto as_number = [&](stet::engine& e) {
      e.define(Number, [&](stet::context& ctx, int n) -> stet::task<int> {
        co_await ctx.sleep(1h);
        co_return co_await ctx.step("x", [&w, n] { return w.done.hit("x") + n; });
      });
    };
    w.open(as_number);
    w.engine().start(Number, "n", 5);
    w.settle();
    w.crash();
    w.open([&](stet::engine& e) {
      e.define(Word, [](stet::context&, std::string) -> stet::task<int> { co_return 0; });
    });
    w.pass(1h);
    auto info = w.engine().admin().describe("n");
    CHECK(info->status == stet::status::stalled);
    CHECK(info->reason.find("arguments of workflow 'number' don't decode") != std::string::npos);
    CHECK(w.run(Word, "m", "word") == 0);
    w.crash();
    w.open(as_number);
    CHECK(w.run(Number, "n", 0) == 6);
  });
}

TEST_CASE(
    "a step's result that doesn't decode any more is an error in the workflow, at its await") {
  everywhere_by_hand([](world& w) {
    auto define = [&](bool number) {
      return [&w, number](stet::engine& e) {
        e.define(Text, [&w, number](stet::context& ctx) -> stet::task<std::string> {
          if (number) co_await ctx.step("x", [&] { return w.done.hit("x"); });
          else co_await ctx.step("x", [&] { return w.done.hit("x"), std::string("text"); });
          co_await ctx.sleep(1h);
          co_return "done";
        });
      };
    };
    w.open(define(true));
    w.engine().start(Text, "t");
    w.settle();
    w.crash();
    w.open(define(false));
    w.pass(1h);
    auto info = w.engine().admin().describe("t");
    CHECK(info->status == stet::status::stalled);  // it would end before the history does
    CHECK(info->reason.find("failed with stet::") != std::string::npos);
    w.crash();
    w.open(define(true));
    CHECK(w.run(Text, "t") == "done");
    CHECK(w.done.of("x") == 1);
  });
}
