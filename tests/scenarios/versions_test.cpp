// Several versions of a workflow next to each other, runs that are moved from one version to
// another, and the runs that a start would stall.
#include <map>
#include <set>
#include <thread>

#include <stet/check.hpp>
#include <stet/copy.hpp>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string()> Text{"text"};
inline constexpr stet::workflow<std::string(int)> Loop{"loop"};
inline constexpr stet::workflow<std::string()> Parent{"parent"};
inline constexpr stet::signal<void> Go{"go"};
inline constexpr stet::query<std::string()> Which{"which"};

auto hit(stet::context& ctx, world& w, const std::string& name) {
  return ctx.step(name, [&w, name] { w.done.hit(name); });
}

/// A body that returns its version. `names` are its steps, with a wait between them.
struct body {
  world& w;
  std::string says;
  std::vector<std::string> names{"a", "b"};
  stet::task<std::string> operator()(stet::context& ctx) const {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i) co_await ctx.receive(Go);
      co_await hit(ctx, w, names[i]);
    }
    co_return says;
  }
};
void define(stet::engine& e, std::string_view version, const body& b) {
  e.define(Text, {.version = version}, [b](stet::context& ctx) { return b(ctx); });
}
std::string version_of(world& w, std::string_view id) {
  return w.engine().admin().describe(id).value().version;
}
std::string reason_of(world& w, std::string_view id) {
  return w.engine().admin().describe(id).value().reason;
}
bool is_stalled(world& w, std::string_view id) {
  return w.engine().admin().describe(id).value().status == stet::status::stalled;
}

}  // namespace

// ---------------------------------------------------------------- what may change

namespace {

struct yesterdays_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct todays_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
inline constexpr stet::update<int(int)> Add{"add"};

/// A workflow in whose second build everything has changed but kinds, names and ids.
stet::task<std::string> reworded(stet::context& ctx, world& w, bool is_new) {
  auto adding = ctx.on(Add, [is_new](int) -> int {
    if (is_new) throw todays_error("no more");
    throw yesterdays_error("no more");
  });
  ctx.set_details(is_new ? "paid" : "paied");
  ctx.set_memo(std::string(is_new ? "one" : "two"));
  using order = std::map<std::string, int>;
  if (is_new)
    co_await ctx.step(
        "charge", [&w](const order&) { w.done.hit("charge"); }, order{{"cents", 1}, {"tip", 0}});
  else
    co_await ctx.step("charge", [&w](const order&) { w.done.hit("charge"); }, order{{"cents", 1}});
  co_await ctx.sleep(is_new ? 2min : 1min);
  co_await ctx.receive(Go);
  co_return "done";
}

}  // namespace

TEST_CASE("a deploy may change arguments, texts, lengths and classes of exceptions [S128]") {
  everywhere_by_hand([](world& w) {
    w.options.compare = stet::compared::names;
    auto build = [&w](bool is_new) {
      return [&w, is_new](stet::engine& e) {
        e.define(Text, [&w, is_new](stet::context& c) { return reworded(c, w, is_new); });
      };
    };
    w.open(build(false));
    auto run = w.engine().start(Text, "t");
    w.settle();
    CHECK(what_throws([&] { run.update(Add, 1); }).code == stet::errc::update_failed);
    w.pass(1min);
    w.close();
    w.options.compare = stet::compared::arguments;  // on request they are compared
    w.open(build(true));
    w.engine().signal("t", Go);
    w.settle();
    REQUIRE(is_stalled(w, "t"));
    CHECK_MESSAGE(reason_of(w, "t").find("other details") != std::string::npos, reason_of(w, "t"));
    w.close();
    w.options.compare = stet::compared::names;
    w.open(build(true));
    w.settle();
    CHECK_MESSAGE(!is_stalled(w, "t"), reason_of(w, "t"));
    CHECK(w.result(*w.engine().find(Text, "t")) == "done");
    CHECK(w.done.of("charge") == 1);
  });
}

TEST_CASE("a body that changes what it captured is found though arguments aren't compared") {
  world w({.check = 1});
  w.options.compare = stet::compared::names;
  w.open([](stet::engine& e) {
    e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
      int total = 100;
      co_await ctx.step("add", [&] { total += 5; });
      co_return std::to_string(total);
    });
  });
  w.engine().start(Text, "t");
  w.settle();
  CHECK(is_stalled(w, "t"));
}

// ---------------------------------------------------------------- side by side

TEST_CASE("runs stay with the version they began with, new ones begin with the last defined") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [b = body{w, "old"}](stet::context& c) { return b(c); });
    });
    w.engine().start(Text, "r0");
    w.settle();
    w.crash();
    auto both = [&](stet::engine& e) {
      e.define(Text, [b = body{w, "old"}](stet::context& c) { return b(c); });
      define(e, "1", {w, "one", {"c", "d"}});
    };
    w.open(both);
    w.engine().start(Text, "r1");
    w.settle();
    w.close();
    w.open([&](stet::engine& e) {
      define(e, "2", {w, "two", {"x"}});
      both(e);
      define(e, "3", {w, "three", {"e", "f"}});
    });
    w.engine().start(Text, "r3", {.delay = 1h});
    w.settle();
    w.restart();
    CHECK(version_of(w, "r0") == "");
    CHECK(version_of(w, "r1") == "1");
    CHECK(version_of(w, "r3") == "3");
    CHECK(w.engine().admin().count("WorkflowVersion = '1' AND ExecutionStatus = 'Running'") == 1);
    CHECK(w.engine().admin().count("WorkflowVersion STARTS_WITH '' AND WorkflowType = 'text'") ==
          3);
    CHECK(w.engine().admin().list("WorkflowVersion IN ('3')").runs.at(0).version == "3");
    w.pass(1h);
    for (auto* id : {"r0", "r1", "r3"}) w.engine().signal(id, Go);
    CHECK(w.run(Text, "r0") == "old");
    CHECK(w.run(Text, "r1") == "one");
    CHECK(w.run(Text, "r3") == "three");
    CHECK(w.engine().admin().count("WorkflowVersion = '1' AND ExecutionStatus = 'Running'") == 0);
    for (auto* name : {"a", "b", "c", "d", "e", "f"}) CHECK(w.done.of(name) == 1);
  });
}

TEST_CASE(
    "a version that isn't defined stalls its runs, by name, and they go on when it is [S139]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) { define(e, "1", {w, "one"}); });
    w.engine().start(Text, "t");
    w.settle();
    w.crash();
    w.open([&](stet::engine& e) {
      define(e, "2", {w, "two"});
      define(e, "3", {w, "three"});
    });
    w.pass(1h);
    w.engine().signal("t", Go);  // wakes it: from now on it waits for its version
    w.settle();
    CHECK(is_stalled(w, "t"));
    auto why = reason_of(w, "t");
    for (auto* part : {"version '1' of workflow 'text'", "this program defines '2', '3'", "move"})
      CHECK_MESSAGE(why.find(part) != std::string::npos, why);
    w.restart();
    w.settle();
    CHECK(is_stalled(w, "t"));
    w.close();
    w.open([&](stet::engine& e) {
      define(e, "1", {w, "one"});
      define(e, "2", {w, "two"});
    });
    CHECK(w.run(Text, "t") == "one");
    CHECK(w.done.of("a") == 1);
    CHECK(w.done.of("b") == 1);
  });
}

TEST_CASE(
    "what a run starts, and what continues it, is a new run: with the latest version [S119]") {
  everywhere_by_hand([](world& w) {
    auto program = [&](const std::string& version) {
      return [version](stet::engine& e) {
        for (auto& v : std::set<std::string>{"1", version}) {
          e.define(Loop, {.version = v}, [v](stet::context& ctx, int n) -> stet::task<std::string> {
            co_await ctx.sleep(1h);
            if (n == 1) co_return v + co_await ctx.continue_as_new(Loop, n + 1);
            co_return v;
          });
          e.define(Parent, {.version = v}, [v](stet::context& ctx) -> stet::task<std::string> {
            co_await ctx.sleep(1h);
            co_return v + " " + co_await ctx.child(Loop, "child", 2);
          });
        }
      };
    };
    w.open(program("1"));
    w.engine().start(Loop, "l", 1);
    w.engine().start(Parent, "p");
    w.settle();
    w.crash();
    w.open(program("2"));
    CHECK(w.run(Loop, "l", 1) == "2");
    CHECK(w.run(Parent, "p") == "1 2");
    CHECK(version_of(w, "l") == "2");
    CHECK(version_of(w, "p") == "1");
    CHECK(version_of(w, "child") == "2");
  });
}

TEST_CASE("versions have names of their own, each defined once") {
  world w;
  auto e = w.make();
  define(*e, "1", {w, ""});
  e->define(Text, [](stet::context&) -> stet::task<std::string> { co_return ""; });
  CHECK(what_throws([&] { define(*e, "1", {w, ""}); }).code == stet::errc::conflict);
  CHECK(what_throws([&] { define(*e, "", {w, ""}); }).code == stet::errc::conflict);
  auto said = what_throws([&] { define(*e, std::string(65, 'v'), {w, ""}); });
  CHECK(said.code == stet::errc::usage);
  CHECK_MESSAGE(said.says("at most 64"), said.text);
  e->start();
  CHECK(what_throws([&] { define(*e, "2", {w, ""}); }).code == stet::errc::usage);
}

TEST_CASE("the queries of a run that has ended are answered by its own version") {
  everywhere_by_hand([&](world& w) {
    auto add = [&](stet::engine& e, const std::string& v) {
      e.define(Text, {.version = v}, [v](stet::context& ctx) -> stet::task<std::string> {
        auto asking = ctx.on(Which, [v] { return v; });
        co_await ctx.sleep(v == "1" ? 1h : 2h);
        co_return v;
      });
    };
    w.open([&](stet::engine& e) { add(e, "1"); });
    CHECK(w.run(Text, "t") == "1");
    w.close();
    w.open([&](stet::engine& e) { add(e, "1"), add(e, "2"); });
    CHECK(w.engine().query("t", Which) == "1");
    w.close();
    w.open([&](stet::engine& e) { add(e, "2"); });
    CHECK(what_throws([&] { w.engine().query("t", Which); }).code == stet::errc::unknown_workflow);
    CHECK(w.engine().find(Text, "t")->result() == "1");
  });
}

// ---------------------------------------------------------------- moved on request

TEST_CASE(
    "a run is moved to a version that fits; one that doesn't is refused with the difference") {
  everywhere([](world& w) {
    auto program = [&](stet::engine& e) {
      define(e, "1", {w, "one", {"a", "b"}});
      define(e, "2", {w, "two", {"a", "c"}});
      define(e, "3", {w, "three", {"x", "b"}});
    };
    w.open([&](stet::engine& e) { define(e, "1", {w, "one", {"a", "b"}}); });
    auto old = w.engine().start(Text, "t");
    w.settle();
    w.restart();
    w.settle();
    w.close();
    w.open(program);
    auto run = *w.engine().find(Text, "t");
    auto refused = what_throws([&] { run.move_to("3"); });
    CHECK(refused.code == stet::errc::rejected);
    for (auto* part : {"goes on with version '1'", "step 'a'", "step 'x'"})
      CHECK_MESSAGE(refused.says(part), refused.text);
    CHECK(version_of(w, "t") == "1");
    CHECK(!is_stalled(w, "t"));
    CHECK(what_throws([&] { run.move_to("4"); }).code == stet::errc::unknown_workflow);
    CHECK(what_throws([&] { w.engine().admin().move("u", "2"); }).code == stet::errc::not_found);
    run.move_to("1");
    run.move_to("2");
    w.restart();
    CHECK(version_of(w, "t") == "2");
    w.engine().signal("t", Go);
    CHECK(w.run(Text, "t") == "two");
    CHECK(w.done.of("a") == 1);
    CHECK(w.done.of("b") == 0);
    CHECK(w.done.of("c") == 1);
    CHECK(what_throws([&] { w.engine().admin().move("t", "1"); }).code == stet::errc::run_ended);
    w.close();
    auto store = w.store();
    CHECK(stet::check(*store).ok());
  });
}

TEST_CASE("a move is there as soon as it returns, whichever commit the process dies at") {
  for (cell c : {cell{.resident = 0, .check = 1}, cell{}, cell{.lmdb = true}}) {
    auto crashes = at_every_commit(
        c,
        [](world& w, stet::engine& e) {
          define(e, "2", {w, "two", {"a", "c"}});
          define(e, "1", {w, "one", {"a", "b"}});
        },
        [](world& w) {
          auto run = w.engine().start(Text, "t");
          w.settle();
          if (w.engine().admin().describe("t").value().status == stet::status::running) {
            auto version = version_of(w, "t");
            if (w.done.of("moved")) CHECK(version == "2");
            run.move_to("2");
            w.done.hit("moved");
            run.signal(Go, {.idempotency_key = "once"});
          }
          auto said = w.result(run);
          CHECK(said == "two");
          w.close();
          w.reopen();
        },
        [](world& w, death) {
          CHECK(w.run(Text, "t") == "two");
          CHECK(w.done.of("c") >= 1);
          CHECK(w.done.of("b") == 0);
        });
    CHECK(crashes > 5);
  }
}

TEST_CASE("a run that is stalled is moved to what fits, and goes on by itself") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) { define(e, "1", {w, "one", {"a", "b"}}); });
    auto run = w.engine().start(Text, "t");
    w.settle();
    w.crash();
    w.open([&](stet::engine& e) {
      define(e, "2", {w, "two", {"a", "c"}});
      define(e, "3", {w, "three", {"x"}});
    });
    w.settle();
    w.engine().signal("t", Go);
    REQUIRE(is_stalled(w, "t"));
    CHECK(what_throws([&] { w.engine().admin().move("t", "3"); }).code == stet::errc::rejected);
    REQUIRE(is_stalled(w, "t"));
    w.engine().admin().move("t", "2");
    CHECK(w.result(*w.engine().find(Text, "t")) == "two");
    CHECK(w.done.of("c") == 1);
  });
}

TEST_CASE("while a body runs that refers to the run's variables, the run stays where it is") {
  std::atomic<bool> runs{false}, may_end{false};
  world w({.threads = 2});
  auto program = [&](stet::engine& e) {
    for (auto* v : {"2", "1"})
      e.define(Text, {.version = v}, [&, v](stet::context& ctx) -> stet::task<std::string> {
        std::string local = "local";
        co_await ctx.step("slow", [&] {
          runs = true;
          while (!may_end) std::this_thread::sleep_for(1ms);
          return local;
        });
        co_await ctx.receive(Go);
        co_return v;
      });
  };
  w.open(program);
  auto run = w.engine().start(Text, "t");
  w.until([&] { return runs.load(); });
  auto busy = what_throws([&] { run.move_to("2"); });
  CHECK(busy.code == stet::errc::conflict);
  may_end = true;
  w.settle();
  run.move_to("2");
  run.signal(Go);
  CHECK(w.result(run) == "2");
}

// ---------------------------------------------------------------- before a start

namespace {

world::definer yesterday(world& w) {
  return [&w](stet::engine& e) {
    define(e, "1", {w, "one", {"a", "b"}});
    e.define(Parent, [](stet::context& ctx) -> stet::task<std::string> {
      co_await ctx.receive(Go);
      co_return "parent";
    });
    e.define(Loop, [](stet::context& ctx, int) -> stet::task<std::string> {
      co_await ctx.sleep(1h);
      co_return "loop";
    });
  };
}
/// A renamed step, a missing version, arguments of another type.
world::definer nothing_fits(world& w) {
  return [&w](stet::engine& e) {
    constexpr stet::workflow<std::string(std::string)> Other{"loop"};
    define(e, "1", {w, "one", {"x", "b"}});
    e.define(Parent, {.version = "2"},
             [](stet::context&) -> stet::task<std::string> { co_return ""; });
    e.define(Other, [](stet::context& ctx, std::string) -> stet::task<std::string> {
      co_await ctx.sleep(1h);
      co_return "loop";
    });
  };
}
stet::start_preview look(world& w, const world::definer& today, std::size_t listed_max = 1000) {
  stet::engine e(w.store(), w.options);
  today(e);
  return e.preview(listed_max);
}
std::string bytes_of(stet::store& s) {
  std::string all;
  stet::scan(s, {}, [&](std::string_view k, std::string_view v) {
    all.append(k).append(v);
    return true;
  });
  return all;
}
void check_bad(const stet::start_preview& bad) {
  CHECK(bad.open_runs == 5);
  CHECK(bad.stalled_runs == 5);
  std::map<std::string, stet::stalled_run> by_id;
  for (auto& p : bad.stalled) by_id[p.name_space + "/" + p.id] = p;
  auto says = [&](const char* id, const char* part) {
    CHECK_MESSAGE(by_id[id].reason.find(part) != std::string::npos, by_id[id].reason);
  };
  says("default/t1", "step 'a'");
  says("default/t1", "step 'x'");
  says("default/p", "version none");
  says("default/l", "don't decode");
  says("default/later", "don't decode");
  CHECK(by_id["default/t1"].version == "1");
  CHECK(by_id["elsewhere/t3"].workflow == "text");
}

}  // namespace

TEST_CASE("a preview names the runs that a start would stall, and why, and touches nothing") {
  everywhere_by_hand([](world& w) {
    w.open(yesterday(w));
    for (auto* id : {"t1", "t2"}) w.engine().start(Text, id);
    w.engine().in("elsewhere").start(Text, "t3");
    w.engine().start(Parent, "p");
    w.engine().start(Loop, "l", 1);
    w.engine().start(Loop, "later", {.delay = 1h}, 1);
    w.settle();
    w.engine().signal("t2", Go);
    w.settle();
    CHECK(w.engine().find(Text, "t2")->result() == "one");
    for (bool clean : {false, true}) {
      if (clean) w.close();
      else w.crash();
      auto was = bytes_of(*w.store());
      auto good = look(w, yesterday(w));
      CHECK(good.open_runs == 5);
      CHECK_MESSAGE(good.stalled_runs == 0, (good.stalled.empty() ? "" : good.stalled[0].reason));
      check_bad(look(w, nothing_fits(w)));
      CHECK(look(w, [](stet::engine&) {}).stalled_runs == 5);
      auto cut = look(w, nothing_fits(w), 2);
      CHECK((cut.stalled_runs == 5 && cut.stalled.size() == 2));
      CHECK(bytes_of(*w.store()) == was);
      CHECK(w.done.of("x") == 0);
      w.open(yesterday(w));
      w.settle();
      CHECK(!is_stalled(w, "t1"));
    }
    for (auto* id : {"t1", "p"}) w.engine().signal(id, Go);
    CHECK(w.run(Text, "t1") == "one");
    CHECK(w.run(Parent, "p") == "parent");
    CHECK(w.run(Loop, "l", 1) == "loop");
  });
}

TEST_CASE("a start stalls what its preview said, and nothing else") {
  everywhere_by_hand([](world& w) {
    w.open([&](stet::engine& e) { define(e, "", {w, "old", {"a", "b", "c"}}); });
    for (int i = 0; i < 30; ++i) {
      auto run = w.engine().start(Text, "t" + std::to_string(i));
      w.settle();
      for (int j = 0; j < i % 3; ++j) run.signal(Go), w.settle();
    }
    w.crash();
    w.open([&](stet::engine& e) { define(e, "", {w, "new", {"a", "x", "c"}}); });
    w.crash();
    auto e = w.make();
    auto p = e->preview();
    e->start();
    for (int i = 0; i < 30; ++i) {  // a run that sleeps is stalled when it wakes
      auto id = "t" + std::to_string(i);
      if (e->find(Text, id)->status() == stet::status::running) e->signal(id, Go);
    }
    e->run_until_idle();
    std::set<std::string> said, are;
    for (auto& r : p.stalled) said.insert(r.id);
    for (auto& r : e->admin().list("ExecutionStatus = 'Stalled'").runs) are.insert(r.id);
    CHECK(p.open_runs == 20);
    CHECK(said == are);
    CHECK(said.size() == 10);
    CHECK(what_throws([&] { (void)e->preview(); }).code == stet::errc::usage);
  });
}

TEST_CASE("a preview of nothing, and the store is as it was") {
  world w;
  auto e = w.make();
  CHECK(e->preview().open_runs == 0);
  e.reset();
  int keys = 0;
  stet::scan(*w.store(), {}, [&](std::string_view, std::string_view) { return ++keys, true; });
  CHECK(keys == 0);
}

TEST_CASE("a copy has the versions and the markers") {
  world w;
  auto program = [&](stet::engine& e) {
    e.define(Text, {.version = "1"}, [&](stet::context& ctx) -> stet::task<std::string> {
      bool gate = ctx.patched("x");
      co_await ctx.receive(Go);
      co_return gate ? "new" : "old";
    });
  };
  w.open(program);
  w.engine().start(Text, "t");
  w.settle();
  w.crash();
  auto contents = stet::memory::make_contents();
  stet::copy(*w.store(), *stet::memory::open(contents));
  auto options = w.options;
  stet::engine e(stet::memory::open(contents), options);
  program(e);
  CHECK(e.preview().stalled_runs == 0);
  e.start();
  CHECK(e.admin().describe("t").value().version == "1");
  e.signal("t", Go);
  CHECK(e.find(Text, "t")->result() == "new");
}
