// Races, joins, and cancellation.
#include <atomic>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string()> Text{"text"};
inline constexpr stet::workflow<int(int)> Nth{"nth"};

/// Waits for an hour, and returns how that ended. Cleans up durably.
stet::task<std::string> patient(stet::context& ctx, world& w, std::string name) {
  bool lost = false;
  try {
    co_await ctx.sleep(1h);
  } catch (const stet::cancelled&) { lost = true; }
  if (!lost) co_return name + " waited";
  bool refused = false;
  try {
    co_await ctx.step("refused", [] {});
  } catch (const stet::cancelled&) { refused = true; }
  CHECK(refused);
  co_await stet::shield([&](stet::context& c) -> stet::task<> {
    co_await c.sleep(1h);
    co_await c.step("clean", [&] { w.done.hit("cleaned " + name); });
  });
  co_return name + " cleaned";
}

stet::task<int> fails_after(stet::context& ctx, stet::duration d) {
  co_await ctx.sleep(d);
  throw std::runtime_error("after " + std::to_string(d.count()));
}

}  // namespace

TEST_CASE("a race has one winner, whatever dies, and whatever the loser does later [S73, S74]") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    at_every_commit(
        c,
        [](world& w, stet::engine& e) {
          e.define(Text, [&w](stet::context& ctx) -> stet::task<std::string> {
            auto race = [&](stet::context& in, int minutes,
                            std::string who) -> stet::task<std::string> {
              co_await in.sleep(minutes * 1min);
              w.done.hit(who);
              co_return co_await in.step(
                  "win", [&w](const std::string& s) { return w.done.hit("won by " + s), s; }, who);
            };
            auto r = co_await stet::any(race(ctx, 10, "slow"), race(ctx, 5, "fast"));
            co_await ctx.sleep(1h);
            co_return r.index() == 0 ? std::get<0>(r) : std::get<1>(r);
          });
        },
        [](world& w) {
          auto winner = w.run(Text, "t");
          CHECK(winner == "fast");
        },
        [](world& w, death d) {
          CHECK(w.done.of("won by slow") == 0);
          CHECK(w.done.of("won by fast") <= (d.happened ? 2 : 1));
        });
  }
}

TEST_CASE(
    "the winner that is recorded stays the winner, though another would be faster now [S73]") {
  everywhere_by_hand([](world& w) {
    bool first_is_slow = true;
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        constexpr stet::step_options later{.retry = {.initial_interval = 1h, .jitter = 0}};
        auto maybe = [&](bool slow) {
          if (slow) throw std::runtime_error("not yet");
        };
        auto r = co_await stet::any(ctx.step("one", later,
                                             [&] {
                                               maybe(first_is_slow);
                                               return 1;
                                             }),
                                    ctx.step("two", later, [&] {
                                      maybe(!first_is_slow);
                                      return 2;
                                    }));
        co_await ctx.sleep(5h);
        co_return std::to_string(r.index());
      });
    });
    w.engine().start(Text, "t");
    w.settle();
    first_is_slow = false;
    w.restart();
    CHECK(w.run(Text, "t") == "1");
  });
}

TEST_CASE("what is asked for and dropped in the same moment is never done [S76]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto at_once = [](stet::context&) -> stet::task<int> { co_return 1; };
        auto r = co_await stet::any(ctx.step("dropped", [&] { w.done.hit("dropped"); }), at_once);
        co_await ctx.sleep(1h);
        co_return std::to_string(r.index());
      });
    });
    w.engine().start(Text, "t");
    w.settle();
    w.restart();
    CHECK(w.run(Text, "t") == "1");
    CHECK(w.done.all() == 0);
  });
}

TEST_CASE("first_success ignores failures as long as anybody may succeed [S77]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto r = co_await stet::first_success(fails_after(ctx, 1s), patient(ctx, w, "a"),
                                              fails_after(ctx, 2s));
        std::string all = std::get<1>(r);
        try {
          co_await stet::first_success(fails_after(ctx, 3s), fails_after(ctx, 2s));
        } catch (const std::runtime_error& x) { all += std::string(", ") + x.what(); }
        std::vector<stet::task<int>> none;
        for (int i = 0; i < 3; ++i) none.push_back(fails_after(ctx, i * 1s));
        try {
          co_await stet::first_success(std::move(none));
        } catch (const std::runtime_error& x) { all += std::string(", ") + x.what(); }
        co_return all;
      });
    });
    CHECK(w.run(Text, "t") == "a waited, after 2000, after 2000");  // the last in the list
  });
}

TEST_CASE(
    "a cancelled run hears of it at its await, and cleans up durably wherever the process dies "
    "[S79]") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    at_every_commit(
        c,
        [](world& w, stet::engine& e) {
          e.define(Text, [&w](stet::context& ctx) -> stet::task<std::string> {
            auto how = co_await patient(ctx, w, "p");
            co_await ctx.sleep(1ms);
            co_return how;
          });
        },
        [](world& w) {
          auto run = w.engine().start(Text, "t");
          run.cancel("enough");
          w.finish();
          auto what = what_throws([&] { run.result(); });
          if (what.code == stet::errc::store) w.poke();  // its process died
          CHECK(what.code == stet::errc::run_cancelled);
          CHECK(what.says("enough"));
        },
        [](world& w, death d) {
          CHECK(w.done.of("cleaned p") >= 1);
          CHECK(w.done.of("cleaned p") <= (d.happened ? 2 : 1));
        });
  }
}

TEST_CASE("a cancellation at the moment at which a timer is due is one of both, and once [S83]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        co_await ctx.sleep(1h);
        co_return "woken";
      });
    });
    auto run = w.engine().start(Text, "t");
    w.settle();
    w.clock.advance(1h);
    run.cancel("now");
    w.settle();
    CHECK(w.engine().admin().open_runs().empty());
    auto status = run.status();
    CHECK((status == stet::status::cancelled || status == stet::status::completed));
    w.restart();
    CHECK(w.engine().find(Text, "t")->status() == status);
  });
}

TEST_CASE("a cancellation is answered once: twice, and after the end, it is nothing [S38, S82]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        co_return co_await patient(ctx, w, "p");
      });
    });
    auto run = w.engine().start(Text, "t");
    run.cancel("first");
    w.settle();
    auto records = w.engine().admin().describe("t").value().records;
    run.cancel("second");
    w.settle();
    CHECK(w.engine().admin().describe("t").value().records == records);
    CHECK(w.result(run) == "p cleaned");  // it went on to its end: the value counts
    records = w.engine().admin().describe("t").value().records;
    run.cancel("third");
    run.terminate("fourth");
    CHECK(run.status() == stet::status::completed);
    CHECK(w.engine().admin().describe("t").value().records == records);
  });
}

TEST_CASE("cancelling one run touches no other of the same workflow [S88]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        co_await ctx.sleep(1h);
        co_return "done";
      });
    });
    auto a = w.engine().start(Text, "a"), b = w.engine().start(Text, "b");
    w.engine().cancel("a", "because");
    CHECK(w.result(b) == "done");
    CHECK(a.status() == stet::status::cancelled);
    CHECK(w.engine().admin().describe("a").value().reason == "because");
    CHECK(what_throws([&] { w.engine().cancel("c"); }).code == stet::errc::not_found);
    CHECK(what_throws([&] { w.engine().terminate("c"); }).code == stet::errc::not_found);
  });
}

TEST_CASE("a scope that is cancelled ends what is in it, and nothing else [S89]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        std::string inner = "none";
        auto r = co_await stet::all(
            [&](stet::context& c) -> stet::task<bool> {
              co_return co_await stet::with_scope([&](stet::scope& s) -> stet::task<> {
                co_await stet::all(
                    [&](stet::context& d) -> stet::task<> {
                      co_await d.sleep(1min);
                      s.cancel("enough");
                    },
                    [&](stet::context& d) -> stet::task<> {
                      inner = co_await patient(d, w, "in");
                    });
                co_await c.sleep(1s);
              });
            },
            patient(ctx, w, "out"));
        co_return inner + ", " + std::get<1>(r) + ", " + std::to_string(std::get<0>(r));
      });
    });
    w.engine().start(Text, "t");
    w.settle();
    w.pass(1min);
    w.restart();
    CHECK(w.run(Text, "t") == "in cleaned, out waited, 0");
  });
}

TEST_CASE("a terminated run runs no more of its code, and what comes later is ignored [S92]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        co_await stet::all(patient(ctx, w, "a"),
                           ctx.step("x", {.retry = {.initial_interval = 1h}}, [&] {
                             if (w.done.hit("x") == 1) throw std::runtime_error("again");
                           }));
        co_return "done";
      });
    });
    auto run = w.engine().start(Text, "t");
    w.settle();
    run.terminate("stop it");
    CHECK(run.status() == stet::status::terminated);
    w.finish();
    CHECK(w.done.of("x") == 1);
    CHECK(w.done.of("cleaned a") == 0);
    w.restart();
    auto what = what_throws([&] { w.engine().find(Text, "t")->result(); });
    CHECK(what.code == stet::errc::run_terminated);
    CHECK(what.says("stop it"));
    CHECK(w.engine().admin().open_runs().empty());
  });
}

TEST_CASE("a workflow that swallows its cancellation for ever is ended, with the reason [S94]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        for (;;) {
          try {
            co_await ctx.sleep(1h);
          } catch (...) { w.done.hit("swallowed"); }
        }
      });
    });
    auto run = w.engine().start(Text, "t");
    run.cancel("x");
    w.settle();
    CHECK(run.status() == stet::status::cancelled);
    CHECK(w.engine().admin().describe("t").value().reason.find("went on") != std::string::npos);
    w.restart();
    CHECK(w.engine().find(Text, "t")->status() == stet::status::cancelled);
  });
}

TEST_CASE(
    "a frame may be destroyed at every kind of await: destructors run, and nothing is done [S95]") {
  everywhere([](world& w) {
    std::atomic<int> alive{0};
    struct counted {
      std::atomic<int>& n;
      stet::context& ctx;
      counted(std::atomic<int>& c, stet::context& x) : n(c), ctx(x) { ++n; }
      ~counted() {
        --n;
        ctx.log("destroyed");  // inert while the frame is destroyed
      }
    };
    w.open([&](stet::engine& e) {
      e.define(Nth, [](stet::context& ctx, int n) -> stet::task<int> {
        co_await ctx.sleep(100h);
        co_return n;
      });
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto deep = [&](stet::context& c) -> stet::task<std::string> {
          counted two(alive, c);
          co_return co_await patient(c, w, "deep");
        };
        {
          counted one(alive, ctx);
          co_await stet::all(deep, ctx.child(Nth, "child", 1),
                             stet::with_timeout(90h, stet::shield(ctx.sleep(200h))),
                             ctx.step("x", {.retry = {.initial_interval = 60h}}, [&] {
                               if (w.done.hit("x") == 1) throw std::runtime_error("again");
                             }));
        }
        co_return "done";
      });
    });
    w.engine().start(Text, "t");
    w.settle();
    w.restart();
    w.settle();
    w.close();
    CHECK(alive == 0);
    CHECK(w.heard.logs().empty());
    w.reopen();
    CHECK(w.run(Text, "t") == "done");
    CHECK(w.done.of("x") == 2);
    CHECK(alive == 0);
  });
}
