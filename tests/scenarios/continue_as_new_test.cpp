// Runs that continue as new ones, how long a run may take, and which run an id refers to.
#include <thread>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string(int)> Loop{"loop"};
inline constexpr stet::workflow<std::string(std::string)> Chain{"chain"};
inline constexpr stet::workflow<std::string()> Text{"text"};
inline constexpr stet::signal<std::string> Word{"word"};
inline constexpr stet::signal<> Go{"go"};
inline constexpr stet::query<int()> Generation{"generation"};
inline constexpr stet::update<int()> Where{"where"};

}  // namespace

TEST_CASE(
    "a run that continues as new hands on its id, its result, and nothing else [S113, S116]") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    at_every_commit(
        c,
        [](world& w, stet::engine& e) {
          e.define(Loop, [&w](stet::context& ctx, int n) -> stet::task<std::string> {
            co_await ctx.step("count", [&w, n] { w.done.hit("turn " + std::to_string(n)); });
            if (n == 4) co_return "after " + std::to_string(n);
            co_return co_await ctx.continue_as_new(Loop, n + 1);
          });
        },
        [](world& w) {
          auto run = w.engine().start(Loop, "l", 1);
          auto text = w.result(run);
          auto status = run.status();
          CHECK(text == "after 4");
          CHECK(status == stet::status::completed);
        },
        [](world& w, death d) {
          for (int n = 1; n <= 4; ++n)
            CHECK(w.done.of("turn " + std::to_string(n)) <= 1 + d.happened);
          auto info = w.engine().admin().describe("l");
          CHECK(info->previous != 0);
          CHECK(info->next == 0);
          CHECK(w.engine().admin().open_runs().empty());
        });
  }
}

TEST_CASE("signals that nobody read go over, in their order, once [S59, S115]") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    at_every_commit(
        c,
        [](world&, stet::engine& e) {
          e.define(Chain, [](stet::context& ctx, std::string all) -> stet::task<std::string> {
            all += co_await ctx.receive(Word);
            if (all.size() == 6) co_return all;
            co_return co_await ctx.continue_as_new(Chain, all);
          });
        },
        [](world& w) {
          auto run = w.engine().start(Chain, "c", "");
          for (const char* word : {"a", "b", "c", "d", "e", "f"}) {
            // A key is remembered for two runs of a chain, but not for six. So the caller checks
            // after a crash.
            if (w.engine().admin().describe("c").value().status != stet::status::running) break;
            if (w.done.hit(word) == 1) run.signal(Word, word);
          }
          if (w.done.of("f") == 1 || run.wait_for(0ms)) w.settle();
        },
        [](world& w, death d) {
          if (d.happened) return;  // the caller may have died before its signal was taken
          CHECK(w.engine().find(Chain, "c")->result() == "abcdef");
        });
  }
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Chain, [](stet::context& ctx, std::string all) -> stet::task<std::string> {
        if (all.empty()) co_await ctx.receive(Go);
        all += co_await ctx.receive(Word);
        if (all.size() == 3) co_return all;
        co_return co_await ctx.continue_as_new(Chain, all);
      });
    });
    auto run = w.engine().start(Chain, "c", "");
    for (const char* word : {"x", "y", "z"}) run.signal(Word, word);
    w.restart();
    run = *w.engine().find(Chain, "c");
    run.signal(Go);
    CHECK(w.result(run) == "xyz");
    CHECK(w.engine().admin().describe("c").value().unread_signals == 0);
  });
}

TEST_CASE("a handle, a query, an update and a wait follow the chain") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Loop, [](stet::context& ctx, int n) -> stet::task<std::string> {
        auto telling = ctx.on(Generation, [n] { return n; });
        auto where = ctx.on(Where, [n] { return n; });
        co_await ctx.receive(Go);
        if (n == 3) co_return std::string("done");
        co_return co_await ctx.continue_as_new(Loop, n + 1);
      });
    });
    auto run = w.engine().start(Loop, "l", 1);
    CHECK(run.query(Generation) == 1);
    run.signal(Go);
    CHECK(run.query(Generation) == 2);
    CHECK(run.update(Where) == 2);
    CHECK(run.status() == stet::status::running);
    run.signal(Go);
    w.restart();
    run = *w.engine().find(Loop, "l");
    CHECK(run.update(Where) == 3);
    CHECK_FALSE(run.wait_for(0ms));
    run.signal(Go);
    CHECK(w.result(run) == "done");
  });
}

namespace {

/// How often the store is read for calls by the handle of the first run of a chain that goes on
/// for ever.
std::uint64_t reads_by_an_old_handle(int generations) {
  world w(cell{.resident = 0});
  w.open([](stet::engine& e) {
    e.define(Loop, [](stet::context& ctx, int n) -> stet::task<std::string> {
      auto telling = ctx.on(Generation, [n] { return n; });
      auto where = ctx.on(Where, [n] { return n; });
      co_await ctx.receive(Go);
      co_return co_await ctx.continue_as_new(Loop, n + 1);
    });
  });
  auto run = w.engine().start(Loop, "l", 1);
  for (int i = 1; i < generations; ++i) run.signal(Go);
  w.settle();
  auto reads = [&] { return w.plan->count(store_call::get) + w.plan->count(store_call::scan); };
  auto before = reads();
  CHECK(run.status() == stet::status::running);
  CHECK(run.query(Generation) == generations);
  CHECK(run.update(Where) == generations);
  CHECK_FALSE(run.wait_for(0ms));
  run.signal(Go);
  run.cancel("enough");
  return reads() - before;
}

}  // namespace

TEST_CASE("a call by an old handle reads as little of a long chain as of a short one") {
  CHECK(reads_by_an_old_handle(60) <= 2 * reads_by_an_old_handle(6));
}

TEST_CASE("what is pending at the end of a generation ends with it [S116, S118]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
        co_await ctx.receive(Go);
        co_return std::string();
      });
      e.define(Loop, [&w](stet::context& ctx, int n) -> stet::task<std::string> {
        if (n == 2) {
          co_await ctx.sleep(1h);
          co_return std::string("second");
        }
        auto kept = ctx.start_child(Text, "kept", {.parent_close = stet::parent_close::abandon});
        auto asked =
            ctx.start_child(Text, "asked", {.parent_close = stet::parent_close::request_cancel});
        auto ended = ctx.start_child(Text, "ended");
        auto racing = [](stet::context& c) -> stet::task<std::string> {
          co_await c.sleep(30min);
          co_return std::string("never");
        };
        auto going_on = [n](stet::context& c) -> stet::task<std::string> {
          co_await c.sleep(1min);
          co_return co_await c.continue_as_new(Loop, n + 1);
        };
        auto first = co_await stet::any(racing, going_on);
        w.done.hit("went on");
        co_return std::string("first");
      });
    });
    auto run = w.engine().start(Loop, "l", 1);
    CHECK(w.result(run) == "second");
    CHECK(w.done.of("went on") == 0);
    CHECK(w.engine().admin().describe("ended").value().status == stet::status::terminated);
    CHECK(w.engine().admin().describe("asked").value().status == stet::status::cancelled);
    CHECK(w.engine().admin().describe("kept").value().status == stet::status::running);
  });
}

TEST_CASE("a child that continues as new is its parent's child to the end of its chain") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Loop, [](stet::context& ctx, int n) -> stet::task<std::string> {
        co_await ctx.sleep(1min);
        if (n == 3) co_return std::string("third");
        co_return co_await ctx.continue_as_new(Loop, n + 1);
      });
      e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
        co_return "child: " + co_await ctx.child(Loop, "l", 1);
      });
    });
    CHECK(w.run(Text, "t") == "child: third");
  });
}

TEST_CASE("a run that is cancelled doesn't continue") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Loop, [](stet::context& ctx, int n) -> stet::task<std::string> {
        try {
          co_await ctx.sleep(1h);
        } catch (const stet::cancelled&) {}
        co_return co_await ctx.continue_as_new(Loop, n + 1);
      });
    });
    auto run = w.engine().start(Loop, "l", 1);
    w.settle();
    run.cancel("enough");
    w.settle();
    CHECK_THROWS_AS(run.result(), stet::run_cancelled);
    CHECK(w.engine().admin().describe("l").value().next == 0);
  });
}

TEST_CASE("a run is told when its history has grown long") {
  everywhere_by_hand([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Loop, [](stet::context& ctx, int n) -> stet::task<std::string> {
        int steps = 0;
        for (; !ctx.continue_suggested(); ++steps) co_await ctx.sleep(0ms);
        if (n == 2) co_return std::to_string(steps);
        co_return co_await ctx.continue_as_new(Loop, n + 1);
      });
    });
    auto steps = w.run(Loop, "l", 1);
    CHECK(steps == "2048");
    CHECK(w.engine().admin().describe("l").value().records < 4200);
  });
}

// ---------------------------------------------------------------- time

TEST_CASE("a run that takes too long ends as timed out, and so do its children") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&w](stet::context& ctx) -> stet::task<std::string> {
        try {
          co_await ctx.sleep(100h);
        } catch (...) { w.done.hit("caught"); }
        co_return std::string();
      });
      e.define(Loop, [](stet::context& ctx, int) -> stet::task<std::string> {
        co_return co_await ctx.child(Text, "child");
      });
    });
    auto run = w.engine().start(Loop, "l", {.run_timeout = 2h}, 1);
    w.settle();
    CHECK(w.engine().admin().describe("l").value().next_wakeup != stet::time_point{});
    w.pass(119min);
    CHECK(run.status() == stet::status::running);
    w.restart();
    run = *w.engine().find(Loop, "l");
    w.pass(2min);
    CHECK(run.status() == stet::status::timed_out);
    CHECK_THROWS_AS(run.result(), stet::run_timed_out);
    CHECK(w.engine().admin().describe("child").value().status == stet::status::terminated);
    CHECK(w.done.of("caught") == 0);
  });
}

TEST_CASE("the time of a whole execution is that of all its runs") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Loop, [](stet::context& ctx, int n) -> stet::task<std::string> {
        co_await ctx.sleep(1h);
        co_return co_await ctx.continue_as_new(Loop, n + 1);
      });
    });
    auto run = w.engine().start(Loop, "l", {.run_timeout = 2h, .execution_timeout = 5h + 30min}, 1);
    CHECK_THROWS_AS(w.result(run), stet::run_timed_out);
    CHECK(run.status() == stet::status::timed_out);
  });
}

TEST_CASE("a run with a delay is there at once, and begins when it is due") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&w](stet::context& ctx) -> stet::task<std::string> {
        w.done.hit("begun");
        co_return co_await ctx.receive(Word);
      });
    });
    auto run = w.engine().start(Text, "t", {.delay = 24h});
    w.settle();
    run.signal(Word, "early");
    w.pass(23h);
    CHECK(w.done.of("begun") == 0);
    w.restart();
    run = *w.engine().find(Text, "t");
    CHECK(run.status() == stet::status::running);
    CHECK(w.engine().admin().describe("t").value().next_wakeup != stet::time_point{});
    w.pass(30min);
    CHECK(w.done.of("begun") == 0);
    w.pass(31min);
    CHECK(w.result(run) == "early");
    auto ended = w.engine().start(Text, "ended", {.delay = 24h});
    ended.terminate();
    auto cancelled = w.engine().start(Text, "cancelled", {.delay = 24h});
    cancelled.cancel();
    w.settle();
    w.pass(25h);
    CHECK_THROWS_AS(ended.result(), stet::run_terminated);
    CHECK_THROWS_AS(w.result(cancelled), stet::run_cancelled);
    CHECK(what_throws([&] { w.engine().start(Text, "x", {.delay = -1h}); }).code ==
          stet::errc::usage);
  });
}

// ---------------------------------------------------------------- ids

TEST_CASE("whose an id is: what a start does where there is a run, open or ended [S101]") {
  everywhere([](world& w) {
    using stet::id_conflict;
    using stet::id_reuse;
    w.open([&](stet::engine& e) {
      e.define(Text, {.accident = stet::accident::fail},
               [](stet::context& ctx) -> stet::task<std::string> {
                 auto word = co_await ctx.receive(Word);
                 if (word == "fail") throw std::runtime_error("as asked");
                 co_return word;
               });
    });
    auto& e = w.engine();
    auto first = e.start(Text, "t");
    CHECK_FALSE(e.start(Text, "t").created());
    CHECK(what_throws([&] { e.start(Text, "t", {.conflict = id_conflict::fail}); }).code ==
          stet::errc::conflict);
    auto second = e.start(Text, "t", {.conflict = id_conflict::terminate_existing});
    CHECK(second.created());
    CHECK_THROWS_AS(first.result(), stet::run_terminated);
    second.signal(Word, "fail");
    CHECK_THROWS_AS(w.result(second), stet::run_failed);
    CHECK_FALSE(e.start(Text, "t").created());
    CHECK(what_throws([&] { e.start(Text, "t", {.reuse = id_reuse::reject}); }).code ==
          stet::errc::conflict);
    auto third = e.start(Text, "t", {.reuse = id_reuse::allow_after_failure});
    CHECK(third.created());
    third.signal(Word, "well");
    CHECK(w.result(third) == "well");
    CHECK(what_throws([&] { e.start(Text, "t", {.reuse = id_reuse::allow_after_failure}); }).code ==
          stet::errc::conflict);
    auto fourth = e.start(Text, "t", {.reuse = id_reuse::allow});
    CHECK(fourth.created());
    w.restart();
    fourth = *w.engine().find(Text, "t");
    CHECK(fourth.status() == stet::status::running);
    CHECK(third.id() == fourth.id());
  });
}

TEST_CASE("a key and an update's id hold in the next run of the chain as well") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Chain, [](stet::context& ctx, std::string all) -> stet::task<std::string> {
        auto where = ctx.on(Where, [&] { return static_cast<int>(all.size()); });
        while (true) {
          all += co_await ctx.receive(Word);
          if (all.ends_with('!')) co_return all;
          if (all.ends_with('/')) break;
        }
        co_return co_await ctx.continue_as_new(Chain, all);
      });
    });
    auto run = w.engine().start(Chain, "c", "");
    run.signal(Word, "a", {.idempotency_key = "1"});
    CHECK(run.update(Where, {.id = "u"}) == 1);
    run.signal(Word, "/");
    w.settle();
    auto again = [&] {
      w.engine().signal("c", Word, "a", {.idempotency_key = "1"});  // sent to the run before
      CHECK(w.engine().update("c", Where, {.id = "u"}) == 1);
    };
    again();
    w.restart();
    again();
    run = *w.engine().find(Chain, "c");
    CHECK(run.update(Where, {.id = "v"}) == 2);
    run.signal(Word, "!");
    CHECK(w.result(run) == "a/!");
  });
}

TEST_CASE("a burst of signals while runs continue as new: each is read once [S59]") {
  constexpr stet::workflow<int(int, int)> Count{"count"};
  constexpr stet::signal<int> One{"one"};
  for (cell c :
       {cell{.threads = 4}, cell{.resident = 0, .threads = 4}, cell{.lmdb = true, .threads = 4}}) {
    world w(c);
    w.open([&](stet::engine& e) {
      e.define(Count, [&](stet::context& ctx, int sum, int read) -> stet::task<int> {
        for (int i = 0; i < 7; ++i) {
          sum += co_await ctx.receive(One);
          if (++read == 500) co_return sum;
        }
        co_return co_await ctx.continue_as_new(Count, sum, read);
      });
    });
    auto run = w.engine().start(Count, "c", 0, 0);
    std::vector<std::thread> senders;
    for (int t = 0; t < 4; ++t)
      senders.emplace_back([&w, t, One] {
        for (int i = 0; i < 125; ++i) w.engine().signal("c", One, t * 125 + i);
      });
    for (auto& t : senders) t.join();
    CHECK(w.result(run) == 500 * 499 / 2);
    CHECK(w.engine().admin().describe("c").value().unread_signals == 0);
  }
}

TEST_CASE("two coroutines that continue the run in one moment make one next run [S124]") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Loop, [](stet::context& ctx, int n) -> stet::task<std::string> {
        if (n == 2) co_return "second";
        co_await ctx.sleep(1h);
        auto both = co_await stet::all(ctx.continue_as_new(Loop, 2), ctx.continue_as_new(Loop, 2));
        co_return std::get<0>(both);
      });
    });
    CHECK(w.run(Loop, "l", 1) == "second");
    auto info = w.engine().admin().describe("l");
    CHECK(info->previous == 1);
    CHECK(info->run == 2);
  });
}
