// Children of runs, and their ids.
#include <atomic>
#include <string>
#include <thread>

#include <stet/json.hpp>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string()> Text{"text"};
inline constexpr stet::workflow<std::string(std::string)> Parent{"parent"};
inline constexpr stet::workflow<int(int)> Child{"child"};
inline constexpr stet::workflow<int(int)> Unknown{"unknown"};
inline constexpr stet::workflow<int(int)> Down{"down"};

struct too_small : std::runtime_error {
  explicit too_small(int n = 0) : std::runtime_error("too small"), by(n) {}
  int by;
};
void to_json(nlohmann::json& j, const too_small& e) { j = e.by; }
void from_json(const nlohmann::json& j, too_small& e) { e.by = j.get<int>(); }
inline constexpr stet::error_type<too_small> TooSmall{"too-small"};

/// Doubles its argument after an hour; refuses 0 and less, and fails with 13.
void define_child(world& w, stet::engine& e) {
  e.define(TooSmall);
  e.define(Child, [&w](stet::context& ctx, int n) -> stet::task<int> {
    co_await ctx.sleep(1h);
    co_return co_await ctx.step("double", {.retry = {.max_attempts = 1}}, [&w, n] {
      w.done.hit("child " + std::to_string(n));
      if (n <= 0) throw too_small(-n);
      if (n == 13) throw std::runtime_error("unlucky");
      return 2 * n;
    });
  });
}

std::string failed_how(const stet::outcome<int>& o) {
  if (o) return "value " + std::to_string(*o);
  auto f = o.failed_as<stet::child_failed>();
  return f ? f->type() : "?";
}

}  // namespace

TEST_CASE("a child's result comes to its parent once, whichever of them a crash meets [S97, S98]") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    at_every_commit(
        c,
        [](world& w, stet::engine& e) {
          define_child(w, e);
          e.define(Text, [&w](stet::context& ctx) -> stet::task<std::string> {
            auto [a, b] = co_await stet::all(ctx.child(Child, "a", 1), ctx.child(Child, "b", 2));
            co_await ctx.step("after", [&w] { w.done.hit("after"); });
            co_return std::to_string(a) + std::to_string(b);
          });
        },
        [](world& w) {
          auto text = w.run(Text, "t");
          CHECK(text == "24");
        },
        [](world& w, death d) {
          CHECK(w.done.all() <=
                3 + (d.happened ? 2 : 0));  // one crash may cut both of the children short
          CHECK(w.engine().find(Child, "a")->result() == 2);
          CHECK(w.engine().admin().open_runs().empty());
          CHECK(w.heard.problems().size() <= 1);
        });
  }
}

TEST_CASE("a child's failure comes to its parent: declared as itself, else described") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      define_child(w, e);
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto [a, b] = co_await stet::try_all(ctx.child(Child, "a", -5), ctx.child(Child, "b", 13));
        co_return std::to_string(a.failed_as<too_small>()->by) + " " +
            b.failed_as<stet::child_failed>()->what();
      });
      e.define(Parent, [&](stet::context& ctx, std::string id) -> stet::task<std::string> {
        co_return std::to_string(co_await ctx.child(Child, id, -7));
      });
    });
    auto text = w.run(Text, "t");
    CHECK(text.find("5 ") == 0);
    CHECK(text.find("unlucky") != std::string::npos);
    auto p = w.engine().start(Parent, "p", "c");
    w.finish();
    try {
      p.result();
      FAIL("it should have failed");
    } catch (const too_small& x) { CHECK(x.by == 7); }
    CHECK_THROWS_AS(w.engine().find(Child, "b")->result(), stet::run_failed);
  });
}

TEST_CASE(
    "an id that is taken, a name that isn't known, an id that is none: errors at the await [S100, "
    "S101, S110]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      define_child(w, e);
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        std::string all;
        all += failed_how(co_await stet::attempt(ctx.child(Child, "taken", 1))) + "; ";
        all += failed_how(co_await stet::attempt(ctx.child(Child, "ended", 1))) + "; ";
        all += failed_how(co_await stet::attempt(ctx.child(Child, ctx.id(), 1))) + "; ";
        all += failed_how(co_await stet::attempt(ctx.child(Unknown, "u", 1))) + "; ";
        all += failed_how(co_await stet::attempt(ctx.child(Child, "", 1))) + "; ";
        all +=
            failed_how(co_await stet::attempt(ctx.child(Child, std::string(201, 'x'), 1))) + "; ";
        all += failed_how(co_await stet::attempt(ctx.child(Child, std::string(200, 'x'), 1)));
        co_return all;
      });
    });
    CHECK(w.run(Child, "ended", 3) == 6);
    auto taken = w.engine().start(Child, "taken", 4);
    auto text = w.engine().start(Text, "t");
    w.settle();
    w.restart();
    CHECK(w.result(*w.engine().find(Text, "t")) ==
          "stet::conflict; stet::conflict; stet::conflict; stet::unknown_workflow; stet::usage; "
          "stet::usage; value 2");
    CHECK(w.engine().find(Child, "taken")->result() == 8);
    CHECK(w.engine().find(Child, "ended")->result() == 6);
    CHECK(w.done.of("child 1") == 1);
  });
}

TEST_CASE(
    "a child that is not awaited any more is cancelled; one that has ended doesn't mind [S91, "
    "S104]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      define_child(w, e);
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto r = co_await stet::with_timeout(1min, ctx.child(Child, "late", 1));
        auto s = co_await stet::any(ctx.child(Child, "quick", 2), ctx.sleep(2h));
        co_await ctx.sleep(1h);
        co_return std::to_string(r.has_value()) + std::to_string(s.index());
      });
    });
    w.engine().start(Text, "t");
    w.settle();
    w.pass(1min);
    w.restart();
    CHECK(w.run(Text, "t") == "00");
    CHECK(w.engine().find(Child, "late")->status() == stet::status::cancelled);
    CHECK(w.engine().find(Child, "quick")->result() == 4);
    CHECK(w.done.of("child 1") == 0);
  });
}

TEST_CASE("terminating a parent terminates what it has started, in the same moment [S85]") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true, .threads = 4}}) {
    world w(c);
    w.open([&](stet::engine& e) {
      define_child(w, e);
      e.define(Parent, [&](stet::context& ctx, std::string id) -> stet::task<std::string> {
        if (id.size() > 3) co_return std::to_string(co_await ctx.child(Child, id + "c", 1));
        co_return co_await ctx.child(Parent, id + "x", id + "x");
      });
    });
    auto top = w.engine().start(Parent, "p", "");
    w.settle();
    CHECK(w.engine().admin().open_runs().size() == 6);
    top.terminate("over");
    CHECK(top.status() == stet::status::terminated);
    CHECK(w.engine().admin().open_runs().empty());
    w.restart();
    w.pass(2h);
    CHECK(w.engine().admin().open_runs().empty());
    CHECK(w.engine().find(Child, "xxxxc")->status() == stet::status::terminated);
    CHECK(w.done.all() == 0);
    CHECK(w.heard.problems().size() <= 1);
  }
}

TEST_CASE("a child that ends while its parent is terminated: both end, and no call hangs [S86]") {
  std::atomic<int> begun = 0, ends = 0;
  world w(cell{.threads = 4});
  w.open([&](stet::engine& e) {
    e.define(Child, [&](stet::context& ctx, int n) -> stet::task<int> {
      co_return co_await ctx.step("wait", [&begun, &ends, n] {
        ++begun;
        while (ends <= n) std::this_thread::yield();
        return n;
      });
    });
    e.define(Down, [](stet::context& ctx, int n) -> stet::task<int> {
      co_return co_await ctx.child(Child, "child-" + std::to_string(n), n);
    });
  });
  for (int n = 0; n < 100; ++n) {
    auto id = std::to_string(n);
    auto parent = w.engine().start(Down, id, n);
    while (begun <= n) std::this_thread::yield();
    std::thread ends_child([&] { ends = n + 1; });
    // Sometimes the one is earlier, sometimes the other.
    for (int spins = (n % 10) * 200; spins > 0; --spins) std::this_thread::yield();
    parent.terminate("over");
    ends_child.join();
    auto how = parent.status();
    auto child = w.engine().find(Child, "child-" + id);
    REQUIRE(child);
    if (how == stet::status::completed) CHECK(child->result() == n);
    else CHECK(how == stet::status::terminated);
    CHECK((child->status() == stet::status::completed || how == stet::status::terminated));
    CHECK(child->status() != stet::status::running);
  }
  CHECK(w.engine().admin().open_runs().empty());
  w.restart();
  CHECK(w.engine().admin().open_runs().empty());
}

TEST_CASE("a child that an operator cancels or terminates is a failure for its parent") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      define_child(w, e);
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto a = co_await stet::attempt(ctx.child(Child, "a", 1));
        auto b = co_await stet::attempt(ctx.child(Child, "b", 1));
        co_return failed_how(a) + " " + failed_how(b);
      });
    });
    auto t = w.engine().start(Text, "t");
    w.settle();
    w.engine().cancel("a", "x");
    w.settle();
    w.engine().terminate("b", "y");
    CHECK(w.result(t) == "stet::run_cancelled stet::run_terminated");
  });
}

TEST_CASE("a thousand children, a crash amid them: a thousand results [S107]") {
  constexpr stet::workflow<long(int)> Fan{"fan"};
  for (cell c : {cell{}, cell{.lmdb = true, .resident = 10}, cell{.threads = 4}}) {
    world w(c);
    w.open([&](stet::engine& e) {
      define_child(w, e);
      e.define(Fan, [](stet::context&, int n) -> stet::task<long> {
        std::vector<int> items;
        for (int i = 1; i <= n; ++i) items.push_back(1000 + i);
        auto all = co_await stet::map(items, [](stet::context& in, int i) {
          return in.child(Child, "child " + std::to_string(i), i);
        });
        long sum = 0;
        for (int x : all) sum += x;
        co_return sum;
      });
    });
    w.engine().start(Fan, "f", 1000);
    w.settle();
    w.clock.advance(1h);
    for (int i = 0; i < 3; ++i) w.poke();
    w.restart();
    CHECK(w.run(Fan, "f", 1000) == 2 * (1000 * 1000 + 500500));
    CHECK(w.done.all() >= 1000);
    CHECK(w.done.all() <= 2000);
  }
}

TEST_CASE("children to a depth of 64 give their results all the way up [S109]") {
  everywhere_by_hand([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Down, [&](stet::context& ctx, int n) -> stet::task<int> {
        if (n == 0) co_return co_await ctx.step("bottom", [&] { return w.done.hit("bottom"); });
        co_return 1 + co_await ctx.child(Down, "d" + std::to_string(n - 1), n - 1);
      });
    });
    w.engine().start(Down, "d64", 64);
    w.engine().poll();
    w.restart();
    CHECK(w.run(Down, "d64", 64) == 65);
  });
}

TEST_CASE("a child that is stalled holds its parent, and an operator may end it [S148]") {
  everywhere_by_hand([](world& w) {
    auto text = [](stet::context& ctx) -> stet::task<std::string> {
      co_return failed_how(co_await stet::attempt(ctx.child(Child, "c", 1)));
    };
    w.open([&](stet::engine& e) {
      define_child(w, e);
      e.define(Text, text);
    });
    w.engine().start(Text, "t");
    w.settle();
    w.crash();
    w.open([&](stet::engine& e) {
      e.define(Text, text);
      e.define(Child, [](stet::context& ctx, int) -> stet::task<int> {
        co_return co_await ctx.step("other", [] { return 1; });
      });
    });
    w.pass(1h);
    CHECK(w.engine().find(Child, "c")->status() == stet::status::stalled);
    CHECK(w.engine().find(Text, "t")->status() == stet::status::running);
    w.engine().terminate("c", "given up");
    CHECK(w.run(Text, "t") == "stet::run_terminated");
  });
}

TEST_CASE("a failure says what it came through, all the way from where it was thrown") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      define_child(w, e);
      e.define(Parent, [](stet::context& ctx, std::string id) -> stet::task<std::string> {
        co_return std::to_string(co_await ctx.child(Child, id, 13));
      });
      e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
        auto got = co_await stet::attempt(ctx.child(Parent, "middle", "inner"));
        auto f = got.failed_as<stet::child_failed>();
        if (!f) co_return "?";
        std::string path = f->operation();
        for (auto& o : f->cause().path)
          path += " > " + std::string(to_string(o.code)) + " " + o.operation;
        co_return path + ": " + f->type() + ": " + f->message();
      });
    });
    auto text = w.run(Text, "t");
    CHECK(text ==
          "middle > child_failed inner > step_failed double: std::runtime_error: "
          "inner: double: unlucky");
    try {
      (void)w.engine().find(Parent, "middle")->result();
      FAIL("it failed");
    } catch (const stet::run_failed& e) {
      REQUIRE(e.cause().path.size() == 2);
      CHECK(e.cause().path[1].operation == "double");
    }
  });
}

TEST_CASE(
    "a child that nobody awaits and that can't be started is reported, with both ids and why") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      define_child(w, e);
      e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
        ctx.start_child(Child, "taken", 2);
        co_await ctx.sleep(1h);
        co_return "went on";
      });
      e.define(Parent, [](stet::context& ctx, std::string) -> stet::task<std::string> {
        ctx.start_child(Unknown, "last", {.parent_close = stet::parent_close::abandon}, 1);
        co_return "ended at once";
      });
    });
    w.run(Child, "taken", 1);
    CHECK(w.run(Text, "goes-on") == "went on");
    CHECK(w.heard.heard("the run 'goes-on' can't start its child 'taken'"));
    CHECK(w.heard.heard("with the id 'taken' already"));
    CHECK(w.run(Parent, "ends", "x") == "ended at once");
    CHECK(w.heard.heard("the run 'ends' can't start its child 'last'"));
  });
}

TEST_CASE("a child that is awaited and can't be started is its parent's affair alone") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      define_child(w, e);
      e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
        co_return failed_how(co_await stet::attempt(ctx.child(Child, "taken", 2)));
      });
    });
    w.run(Child, "taken", 1);
    CHECK(w.run(Text, "asks") == "stet::conflict");
    CHECK(w.heard.problems().empty());
  });
}

TEST_CASE("a cancelled parent doesn't wait for its child, which cleans up; it may, if it says so") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Child, [&w](stet::context& ctx, int n) -> stet::task<int> {
        try {
          co_await ctx.sleep(24h);
          co_return n;
        } catch (const stet::cancelled&) {}
        co_await stet::shield(ctx.sleep(1h));
        co_await stet::shield(ctx.step("clean", [&w] { w.done.hit("cleaned"); }));
        throw stet::cancelled("clean");
      });
      e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
        co_return std::to_string(co_await ctx.child(Child, "plain/child", 1));
      });
      e.define(Parent, [](stet::context& ctx, std::string) -> stet::task<std::string> {
        auto child = ctx.start_child(Child, "waits/child", 1);
        try {
          co_return std::to_string(co_await child.result());
        } catch (const stet::cancelled&) {}
        (void)co_await stet::shield(
            stet::attempt(ctx.cancel(child.id(), "its parent was cancelled")));
        (void)co_await stet::shield(stet::attempt(child.result()));
        throw stet::cancelled("after its child");
      });
    });
    w.engine().start(Text, "plain");
    w.engine().start(Parent, "waits", "");
    w.settle();
    w.engine().cancel("plain");
    w.engine().cancel("waits");
    w.settle();
    auto status = [&](const char* id) { return w.engine().admin().describe(id).value().status; };
    CHECK(status("plain") == stet::status::cancelled);
    CHECK(status("waits") == stet::status::running);
    CHECK(status("plain/child") == stet::status::running);  // not terminated with its parent
    CHECK(status("waits/child") == stet::status::running);
    w.restart();
    w.pass(1h);
    for (auto* id : {"waits", "plain/child", "waits/child"})
      CHECK(status(id) == stet::status::cancelled);
    CHECK(w.done.of("cleaned") == 2);
  });
}
