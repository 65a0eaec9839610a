// Changes of code inside a gate, while runs of the earlier code are open.
#include <stet/check.hpp>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string()> Text{"text"};
inline constexpr stet::workflow<std::string(int)> Loop{"loop"};
inline constexpr stet::signal<void> Go{"go"};
inline constexpr stet::update<int(int)> Add{"add"};
inline constexpr stet::query<bool()> Ask{"ask"};

using code = stet::task<std::string> (*)(stet::context&, world&);

auto hit(stet::context& ctx, world& w, const char* name) {
  return ctx.step(name, [&w, name] { w.done.hit(name); });
}
world::definer build(world& w, code c) {
  return [&w, c](stet::engine& e) {
    e.define(Text, [&w, c](stet::context& ctx) -> stet::task<std::string> {
      co_return co_await c(ctx, w);
    });
  };
}
/// Ends the process, and begins one with other code.
void upgrade(world& w, code c, bool clean = false) {
  if (clean) w.close();
  else w.crash();
  w.open(build(w, c));
}
std::size_t markers(world& w, std::string_view id) {
  std::size_t n = 0;
  for (auto& e : w.engine().admin().history(id)) n += e.kind == stet::record_kind::patched;
  return n;
}

// The old code, and the same with a gate at each place of it.
stet::task<std::string> was(stet::context& ctx, world& w) {
  co_await hit(ctx, w, "first");
  co_await ctx.sleep(1h);
  co_await hit(ctx, w, "last");
  co_return "was";
}
stet::task<std::string> before_wait(stet::context& ctx, world& w) {
  co_await hit(ctx, w, "first");
  bool gate = ctx.patched("x");
  if (gate) co_await hit(ctx, w, "new");
  co_await ctx.sleep(1h);
  co_await hit(ctx, w, "last");
  co_return gate ? "is" : "was";
}
stet::task<std::string> after_wait(stet::context& ctx, world& w) {
  co_await hit(ctx, w, "first");
  co_await ctx.sleep(1h);
  bool gate = ctx.patched("x");
  if (gate) co_await hit(ctx, w, "new");
  co_await hit(ctx, w, "last");
  co_return gate ? "is" : "was";
}
stet::task<std::string> at_end(stet::context& ctx, world& w) {
  co_await hit(ctx, w, "first");
  co_await ctx.sleep(1h);
  co_await hit(ctx, w, "last");
  if (!ctx.patched("x")) co_return "was";
  co_await hit(ctx, w, "new");
  co_return "is";
}

}  // namespace

TEST_CASE(
    "a run that came past a gate's place goes the old way, one that stands before it the new "
    "[S136]") {
  everywhere([](world& w) {
    for (bool clean : {false, true}) {
      auto id = [&](const char* which) { return std::string(which) + (clean ? "-clean" : ""); };
      w.open(build(w, was));
      w.engine().start(Text, id("past"));
      w.settle();
      upgrade(w, before_wait, clean);
      w.settle();
      w.restart();  // and stays with it
      CHECK(w.run(Text, id("past")) == "was");
      CHECK(markers(w, id("past")) == 0);
      CHECK(w.run(Text, id("fresh")) == "is");
      CHECK(markers(w, id("fresh")) == 1);
      w.close();

      for (auto [today, name] :
           {std::pair<code, const char*>{after_wait, "middle"}, {at_end, "end"}}) {
        w.open(build(w, was));
        w.engine().start(Text, id(name));
        w.settle();
        upgrade(w, today, clean);
        w.pass(30min);
        w.restart();
        CHECK(w.run(Text, id(name)) == "is");
        CHECK(markers(w, id(name)) == 1);
        w.close();
      }
    }
    CHECK(w.done.of("new") == 6);
    CHECK(w.done.of("first") == 8);
    CHECK(w.done.of("last") == 8);
  });
}

TEST_CASE("an answer stands, whichever code comes next: with the gate, and without it none") {
  everywhere_by_hand([](world& w) {
    w.open(build(w, before_wait));
    w.engine().start(Text, "t");
    w.settle();
    upgrade(w, was);  // rolled back: a run that took the new way can't go on
    w.pass(2h);
    auto info = w.engine().admin().describe("t");
    CHECK(info->status == stet::status::stalled);
    CHECK_MESSAGE(info->reason.find("the history says patch 'x' (line ") != std::string::npos,
                  info->reason);
    upgrade(w, before_wait);
    CHECK(w.run(Text, "t") == "is");
    CHECK(w.done.of("new") == 1);
  });
}

// ---------------------------------------------------------------- several gates

namespace {

stet::task<std::string> adjacent(stet::context& ctx, world& w, bool one, bool two) {
  std::string s;
  co_await hit(ctx, w, "first");
  if (one && ctx.patched("one")) co_await hit(ctx, w, "one"), s += "1";
  if (two && ctx.patched("two")) co_await hit(ctx, w, "two"), s += "2";
  co_await ctx.receive(Go);
  co_return s;
}
stet::task<std::string> none(stet::context& c, world& w) { return adjacent(c, w, false, false); }
stet::task<std::string> one(stet::context& c, world& w) { return adjacent(c, w, true, false); }
stet::task<std::string> other(stet::context& c, world& w) { return adjacent(c, w, false, true); }
stet::task<std::string> both(stet::context& c, world& w) { return adjacent(c, w, true, true); }
stet::task<std::string> hundred(stet::context& ctx, world& w) {
  int n = 0;
  for (int i = 0; i < 100; ++i) n += ctx.patched("gate-" + std::to_string(i));
  co_await hit(ctx, w, "first");
  co_await ctx.receive(Go);
  for (int i = 100; i < 200; ++i) n += ctx.patched("gate-" + std::to_string(i));
  co_return std::to_string(n);
}
stet::task<std::string> no_hundred(stet::context& ctx, world& w) {
  co_await hit(ctx, w, "first");
  co_await ctx.receive(Go);
  co_return "old";
}

}  // namespace

TEST_CASE("gates side by side: a run has those that its code had when it came past [S136]") {
  everywhere_by_hand([](world& w) {
    struct step {
      const char* id;
      code at_start;
    };
    for (auto s :
         {step{"none", none}, step{"one", one}, step{"other", other}, step{"both", both}}) {
      w.open(build(w, s.at_start));
      w.engine().start(Text, s.id);
      w.settle();
      w.crash();
    }
    w.open(build(w, both));
    for (auto* id : {"none", "one", "other", "both", "new"}) {
      auto run = w.engine().start(Text, id);
      run.signal(Go);
      w.settle();
    }
    CHECK(w.run(Text, "none") == "");
    CHECK(w.run(Text, "one") == "1");
    CHECK(w.run(Text, "other") == "2");
    CHECK(w.run(Text, "both") == "12");
    CHECK(w.run(Text, "new") == "12");
    CHECK(w.done.of("one") == 3);
    CHECK(w.done.of("two") == 3);
  });
}

TEST_CASE("a hundred gates in one turn [S136]") {
  everywhere_by_hand([](world& w) {
    w.open(build(w, no_hundred));
    w.engine().start(Text, "old");
    w.settle();
    upgrade(w, hundred);
    w.engine().start(Text, "new");
    w.settle();
    w.restart();
    for (auto* id : {"old", "new"}) w.engine().signal(id, Go);
    CHECK(w.run(Text, "old") == "100");  // the gates after the place where it waited
    CHECK(w.run(Text, "new") == "200");
    CHECK(markers(w, "new") == 200);
  });
}

// ---------------------------------------------------------------- loops and chains

namespace {

world::definer build_loop(world& w, bool gate, int until, int chain) {
  return [&w, gate, until, chain](stet::engine& e) {
    e.define(Loop, [&w, gate, until, chain](stet::context& ctx, int n) -> stet::task<std::string> {
      std::string s;
      for (int i = 0; i < until; ++i) {
        bool taken = gate && ctx.patched("x");
        if (taken) co_await hit(ctx, w, "new");
        s += taken ? '+' : '-';
        co_await ctx.sleep(1h);
      }
      if (n < chain) co_return s + co_await ctx.continue_as_new(Loop, n + 1);
      co_return s;
    });
  };
}

}  // namespace

TEST_CASE("a gate in a loop is decided once for the whole run [S136]") {
  everywhere_by_hand([](world& w) {
    w.open(build_loop(w, false, 6, 0));
    w.engine().start(Loop, "old", 0);
    w.settle();
    w.pass(1h);
    w.crash();
    w.open(build_loop(w, true, 6, 0));
    w.engine().start(Loop, "new", 0);
    w.pass(1h);
    w.restart();
    w.pass(1h);
    w.restart();
    CHECK(w.run(Loop, "old", 0) == "------");
    CHECK(w.run(Loop, "new", 0) == "++++++");
    CHECK(markers(w, "new") == 1);
    CHECK(w.done.of("new") == 6);
  });
}

TEST_CASE("what a gate said doesn't go over to the run that continues this one [S137]") {
  everywhere_by_hand([](world& w) {
    w.open(build_loop(w, false, 2, 1));
    w.engine().start(Loop, "l", 0);
    w.settle();
    w.crash();
    w.open(build_loop(w, true, 2, 1));
    CHECK(w.run(Loop, "l", 0) == "++");  // of the second run: the first went the old way
    CHECK(w.done.of("new") == 2);
  });
}

// ---------------------------------------------------------------- branches and handlers

namespace {

stet::task<std::string> branches(stet::context& ctx, world& w, bool gate) {
  auto one = [](stet::context& c, world& w, bool gate) -> stet::task<std::string> {
    co_await hit(c, w, "a");
    co_await c.receive(Go);
    co_await hit(c, w, "b");
    if (!gate || !c.patched("x")) co_return "was";  // nothing was recorded here
    co_await hit(c, w, "new");
    co_return "is";
  };
  auto two = [](stet::context& c, world& w) -> stet::task<void> {
    co_await c.sleep(1h);
    co_await hit(c, w, "c");
    co_await c.sleep(1h);
  };
  auto [text, nothing] = co_await stet::all(one(ctx, w, gate), two(ctx, w));
  (void)nothing;
  co_await hit(ctx, w, "d");
  co_return text;
}
stet::task<std::string> branches_were(stet::context& c, world& w) { return branches(c, w, false); }
stet::task<std::string> branches_are(stet::context& c, world& w) { return branches(c, w, true); }

}  // namespace

TEST_CASE(
    "a gate at the end of a branch: the branch that ended has ended, however the run stands") {
  everywhere_by_hand([](world& w) {
    w.open(build(w, branches_were));
    for (auto* id : {"just past", "long past", "before"}) w.engine().start(Text, id);
    w.settle();
    w.engine().signal("long past", Go);
    w.settle();
    w.pass(1h);
    w.engine().signal("just past", Go);  // the signal is the last record
    w.settle();
    upgrade(w, branches_are);
    w.settle();
    w.engine().start(Text, "fresh");
    for (auto* id : {"before", "fresh"}) w.engine().signal(id, Go);
    w.settle();
    w.restart();
    CHECK(w.run(Text, "just past") == "was");
    CHECK(w.run(Text, "long past") == "was");
    CHECK(w.run(Text, "before") == "is");
    CHECK(w.run(Text, "fresh") == "is");
    CHECK(w.done.of("new") == 2);
    CHECK(w.done.of("d") == 4);
  });
}

namespace {

world::definer build_handlers(bool gate) {
  return [gate](stet::engine& e) {
    e.define(Text, [gate](stet::context& ctx) -> stet::task<std::string> {
      int sum = 0;
      auto adding = ctx.on(Add, [&](stet::context& c, int n) -> stet::task<int> {
        if (gate && c.patched("double")) n *= 2;
        sum += n;
        co_return sum;
      });
      auto asking = ctx.on(Ask, [&] { return ctx.patched("query"); });
      co_await ctx.receive(Go);
      co_return std::to_string(sum);
    });
  };
}

}  // namespace

TEST_CASE("gates in the handlers of updates; those of queries have none") {
  everywhere([](world& w) {
    w.open(build_handlers(false));
    for (auto* id : {"updated", "not yet"}) w.engine().start(Text, id);
    CHECK(w.engine().update("updated", Add, 1) == 1);
    w.settle();
    w.crash();
    w.open(build_handlers(true));
    CHECK(w.engine().update("updated", Add, 1) == 2);
    CHECK(w.engine().update("not yet", Add, 1) == 2);
    auto asked = what_throws([&] { w.engine().query("not yet", Ask); });
    CHECK(asked.code == stet::errc::usage);
    CHECK_MESSAGE(asked.says("workflow's own code"), asked.text);
    w.restart();
    CHECK(w.engine().update("updated", Add, 1) == 3);
    CHECK(w.engine().update("not yet", Add, 1) == 4);
    for (auto* id : {"updated", "not yet"}) w.engine().signal(id, Go);
    CHECK(w.run(Text, "updated") == "3");
    CHECK(w.run(Text, "not yet") == "4");
  });
}

TEST_CASE("the id of a patch is a word") {
  for (const std::string& id : {std::string(), std::string(201, 'x')}) {
    world w;
    w.open([id](stet::engine& e) {
      e.define(Text, [id](stet::context& ctx) -> stet::task<std::string> {
        co_return ctx.patched(id) ? "yes" : "no";
      });
    });
    auto said = what_throws([&] { w.run(Text, "t"); });
    CHECK(said.code == stet::errc::run_failed);
    CHECK_MESSAGE(said.says("the id of a patch is 1 to 200 bytes"), said.text);
  }
}

// ---------------------------------------------------------------- retirement

namespace {

stet::task<std::string> deprecated(stet::context& ctx, world& w) {
  co_await hit(ctx, w, "first");
  for (int i = 0; i < 2; ++i) ctx.deprecate_patch("x");
  co_await hit(ctx, w, "new");
  co_await ctx.sleep(1h);
  co_await hit(ctx, w, "last");
  co_return "is";
}
stet::task<std::string> retired(stet::context& ctx, world& w) {
  co_await hit(ctx, w, "first");
  co_await hit(ctx, w, "new");
  co_await ctx.sleep(1h);
  co_await hit(ctx, w, "last");
  co_return "is";
}

}  // namespace

TEST_CASE("a gate's life: in, deprecated, out") {
  everywhere_by_hand([](world& w) {
    auto would_park = [&](code today) {
      stet::engine e(w.store(), w.options);
      build(w, today)(e);
      auto p = e.preview();
      if (p.stalled.empty()) return std::string();
      auto& reason = p.stalled[0].reason;
      auto begin = reason.find("the history");
      auto end = std::min(reason.find(" of ", begin), reason.find(" (", begin));
      return p.stalled[0].id + ": " + reason.substr(begin, end - begin);
    };
    w.open(build(w, was));
    w.engine().start(Text, "old");
    w.settle();
    upgrade(w, before_wait);
    w.engine().start(Text, "marked");
    w.settle();
    w.close();

    CHECK(would_park(deprecated) == "old: the history says sleep");  // too early
    w.open(build(w, before_wait));
    CHECK(w.result(*w.engine().find(Text, "old")) == "was");
    w.engine().start(Text, "marked again");
    w.settle();
    w.close();

    CHECK(would_park(deprecated) == "");
    w.open(build(w, deprecated));
    w.engine().start(Text, "unmarked");
    w.settle();
    w.crash();
    CHECK(would_park(retired) == "marked again: the history says patch 'x'");  // too early again
    w.open(build(w, deprecated));
    w.pass(30min);
    w.restart();
    CHECK(w.result(*w.engine().find(Text, "marked")) == "is");
    CHECK(w.result(*w.engine().find(Text, "marked again")) == "is");
    CHECK(markers(w, "unmarked") == 0);
    w.engine().start(Text, "last one");
    w.settle();
    upgrade(w, retired);
    CHECK(w.result(*w.engine().find(Text, "unmarked")) == "is");
    CHECK(w.result(*w.engine().find(Text, "last one")) == "is");
    CHECK(w.done.of("first") == 5);
    CHECK(w.done.of("new") == 4);
    w.close();
    auto store = w.store();
    CHECK(stet::check(*store).ok());
  });
}
