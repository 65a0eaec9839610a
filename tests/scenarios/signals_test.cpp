// Signals that are sent to a run, and conditions that a run waits for.
#include <atomic>
#include <thread>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string()> Text{"text"};
inline constexpr stet::workflow<std::string(int)> Collect{"collect"};
inline constexpr stet::workflow<std::string(std::string)> Sender{"sender"};
inline constexpr stet::signal<std::string> Word{"word"};
inline constexpr stet::signal<int> Number{"number"};
inline constexpr stet::signal<int> WrongWord{"word"};
inline constexpr stet::signal<> Go{"go"};

/// Reads `count` words, and joins them.
stet::task<std::string> collect(stet::context& ctx, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += co_await ctx.receive(Word);
  co_return all;
}

}  // namespace

TEST_CASE("signals are read in their order, whether somebody waits already or not yet [S49, S52]") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) { e.define(Collect, collect); });
    auto run = w.engine().start(Collect, "c", 5);
    run.signal(Word, "a");
    run.signal(Word, "b");
    run.signal(Word, "b");
    w.settle();
    w.restart();
    run = *w.engine().find(Collect, "c");
    CHECK(w.engine().admin().describe("c").value().unread_signals == 0);
    run.signal(Word, "c");
    CHECK_FALSE(run.wait_for(0ms));
    run.signal(Word, "d");
    CHECK(w.result(run) == "abbcd");
    CHECK(what_throws([&] { run.signal(Word, "late"); }).code == stet::errc::run_ended);
  });
}

TEST_CASE(
    "a signal that was delivered and comes again with its key is delivered, also after the end") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Collect, [](stet::context& ctx, int left) -> stet::task<std::string> {
        auto word = co_await ctx.receive(Word);
        if (left > 1) co_await ctx.continue_as_new(Collect, left - 1);
        co_return word;
      });
    });
    auto run = w.engine().start(Collect, "c", 2);
    run.signal(Word, "a", {.idempotency_key = "first"});
    w.settle();
    run.signal(Word, "b", {.idempotency_key = "second"});
    CHECK(w.result(run) == "b");
    for (int i = 0; i < 2; ++i) {  // the run in memory, and read from the store
      auto again = *w.engine().find(Collect, "c");
      again.signal(Word, "a", {.idempotency_key = "first"});
      again.signal(Word, "b", {.idempotency_key = "second"});
      w.engine().signal("c", Word, "b", {.idempotency_key = "second"});
      auto code = [&](stet::signal_options o) {
        return what_throws([&] { again.signal(Word, "b", o); }).code;
      };
      CHECK(code({.idempotency_key = "third"}) == stet::errc::run_ended);
      CHECK(code({}) == stet::errc::run_ended);
      w.close();
      w.reopen();
    }
    auto again = *w.engine().find(Collect, "c");
    CHECK(w.result(again) == "b");
  });
}

TEST_CASE("signals that came while nobody waited are there after a crash at any commit [S58]") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    at_every_commit(
        c, [](world&, stet::engine& e) { e.define(Collect, collect); },
        [](world& w) {
          auto run = w.engine().start(Collect, "c", 6);
          for (const char* word : {"a", "b", "c", "d", "e", "f"}) {
            try {
              run.signal(Word, word, {.idempotency_key = word});
            } catch (const stet::error& e) {
              if (e.code() != stet::errc::run_ended) throw;
            }
          }
          auto text = w.result(run);
          CHECK(text == "abcdef");
        },
        [](world& w, death) { CHECK(w.heard.problems().size() <= 1); });
  }
}

TEST_CASE("of signals with one key a run gets one, whoever repeats it and when [S53]") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) { e.define(Collect, collect); });
    auto run = w.engine().start(Collect, "c", 3);
    run.signal(Word, "a", {.idempotency_key = "1"});
    run.signal(Word, "x", {.idempotency_key = "1"});
    w.restart();
    run = *w.engine().find(Collect, "c");
    run.signal(Word, "y", {.idempotency_key = "1"});
    run.signal(Word, "b", {.idempotency_key = "2"});
    run.signal(Word, "c");
    CHECK(w.result(run) == "abc");
    auto long_key = std::string(201, 'k');
    CHECK(what_throws([&] { run.signal(Word, "d", {.idempotency_key = long_key}); }).code ==
          stet::errc::usage);
  });
}

TEST_CASE("a signal to a run that isn't there is an error; with a start it begins one [S50]") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) { e.define(Collect, collect); });
    CHECK_FALSE(w.engine().find(Collect, "c"));
    auto run = w.engine().signal_with_start(Word, "a", Collect, "c", 2);
    CHECK(run.created());
    auto same = w.engine().signal_with_start(Word, "b", Collect, "c", 99);
    CHECK_FALSE(same.created());
    CHECK(w.result(run) == "ab");
    auto next = w.engine().signal_with_start(Word, "z", Collect, "c", 1);
    CHECK(next.created());
    CHECK(w.result(next) == "z");
    CHECK(run.result() == "ab");
  });
}

TEST_CASE("a wait that lost takes no signal [S54, S55]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
        std::string seen;
        auto first = co_await ctx.receive(Word, 10min);
        seen += first ? *first : "-";
        auto raced = co_await stet::any(ctx.sleep(10min), ctx.receive(Word));
        seen += raced.index() == 0 ? "-" : std::get<1>(raced);
        seen += co_await ctx.receive(Word);
        auto last = co_await ctx.receive(Word, 0ms);
        seen += last ? *last : "-";
        co_return seen;
      });
    });
    auto run = w.engine().start(Text, "t");
    w.settle();
    w.pass(11min);
    w.pass(11min);
    run.signal(Word, "a");
    CHECK(w.result(run) == "--a-");
  });
}

TEST_CASE("a wait and its time-out in one turn: the earlier event wins, on every replay [S56]") {
  // In manual engines only: a loop with a thread of its own may read the clock between the two.
  everywhere_by_hand([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
        auto got = co_await ctx.receive(Word, 10min);
        co_await ctx.sleep(1min);
        auto more = co_await ctx.receive(Word, 1min);
        co_return (got ? *got : "late") + (more ? *more : "none");
      });
    });
    auto run = w.engine().start(Text, "t");
    w.settle();
    w.clock.advance(10min);  // due, but the engine hasn't read the clock
    run.signal(Word, "in time");
    CHECK(w.result(run) == std::string("in time") + "none");
  });
}

TEST_CASE("each signal is read by one of those who wait, the one that waits longest first") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
        auto [a, b, c] =
            co_await stet::all(ctx.receive(Word), ctx.receive(Number), ctx.receive(Word));
        co_await ctx.receive(Go);
        co_return a + std::to_string(b) + c;
      });
    });
    auto run = w.engine().start(Text, "t");
    w.settle();
    run.signal(Word, "a");
    w.restart();
    run = *w.engine().find(Text, "t");
    run.signal(Word, "b");
    run.signal(Number, 7);
    run.signal(Go);
    CHECK(w.result(run) == "a7b");
  });
}

TEST_CASE("a condition is looked at after each event, and what it took is seen before the next") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [](stet::context&) -> stet::task<std::string> {
        int sum = 0;
        std::string order;
        auto adding = [&](stet::context& c) -> stet::task<> {
          for (int i = 0; i < 3; ++i) sum += co_await c.receive(Number);
        };
        auto watching = [&](stet::context& c) -> stet::task<> {
          co_await c.until([&] { return sum >= 3; });
          order += "3";
          co_await c.until([&] { return sum >= 3; });  // holds already
          order += "+";
        };
        auto later = [&](stet::context& c) -> stet::task<> {
          order += co_await c.until([&] { return sum > 100; }, 1h) ? "never" : "timed out";
        };
        co_await stet::all(adding, watching, later);
        co_return order + std::to_string(sum);
      });
    });
    auto run = w.engine().start(Text, "t");
    run.signal(Number, 1);
    run.signal(Number, 2);
    w.restart();
    run = *w.engine().find(Text, "t");
    run.signal(Number, 4);
    w.settle();
    w.pass(2h);
    CHECK(w.result(run) == "3+timed out7");
  });
}

TEST_CASE("what a predicate throws comes out of the wait") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [](stet::context&) -> stet::task<std::string> {
        bool ready = false;
        auto waiting = [&](stet::context& c) -> stet::task<std::string> {
          try {
            co_await c.until([&]() -> bool {
              if (ready) throw std::runtime_error("broken");
              return false;
            });
          } catch (const std::runtime_error& e) { co_return std::string(e.what()); }
          co_return std::string();
        };
        auto opening = [&](stet::context& c) -> stet::task<> {
          co_await c.receive(Go);
          ready = true;
        };
        auto [text, none] = co_await stet::all(waiting, opening);
        co_return text;
      });
    });
    auto run = w.engine().start(Text, "t");
    run.signal(Go);
    CHECK(w.result(run) == "broken");
  });
}

TEST_CASE("a signal of another type is read, and told; the next one is waited for [S67]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
        auto bad = co_await stet::attempt(ctx.receive(Word));
        auto good = co_await ctx.receive(Word);
        auto error = bad.failed_as<stet::error>();
        co_return std::string(error ? stet::to_string(error->code()) : "none") + " " + good;
      });
    });
    auto run = w.engine().start(Text, "t");
    run.signal(WrongWord, 42);
    run.signal(Word, "good");
    CHECK(w.result(run) == "payload good");
  });
}

TEST_CASE("what a run waits for is told: the signal, the condition, and signals that wait") {
  everywhere_by_hand([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
        co_await ctx.receive(Go);
        co_await ctx.until([] { return false; });
        co_return std::string();
      });
    });
    auto run = w.engine().start(Text, "t");
    run.signal(Word, "nobody reads me");
    auto info = w.engine().admin().describe("t");
    REQUIRE(info->waits_for.size() == 1);
    CHECK(info->waits_for[0].kind == stet::wait_kind::condition);
    CHECK(info->waits_for[0].name == "signal 'go'");
    CHECK(info->unread_signals == 1);
    run.signal(Go);
    info = w.engine().admin().describe("t");
    REQUIRE(info->waits_for.size() == 1);
    CHECK(info->waits_for[0].name == "condition");
    CHECK(info->next_wakeup == stet::time_point{});
    std::string kinds;
    for (auto& entry : w.engine().admin().history("t"))
      kinds += std::string(to_text(entry.kind)) + "; ";
    CHECK(kinds == "started; wait for; signal; signal; met; wait for; ");
    run.terminate("enough");
    CHECK(w.engine().admin().history("t").back().name == "enough");
    CHECK(w.engine().admin().history("nobody").empty());
  });
}

TEST_CASE("a signal to a stalled run is kept until a build comes that can read it") {
  everywhere_by_hand([](world& w) {
    w.open([](stet::engine& e) { e.define(Collect, collect); });
    auto run = w.engine().start(Collect, "c", 2);
    run.signal(Word, "a");
    w.open([](stet::engine& e) {
      e.define(Collect, [](stet::context& ctx, int) -> stet::task<std::string> {
        co_await ctx.sleep(1h);
        co_return std::string("other");
      });
    });
    w.engine().find(Collect, "c")->signal(Word, "b");
    CHECK(w.engine().admin().describe("c").value().status == stet::status::stalled);
    CHECK(w.engine().admin().describe("c").value().unread_signals == 1);
    w.open([](stet::engine& e) { e.define(Collect, collect); });
    CHECK(w.result(*w.engine().find(Collect, "c")) == "ab");
  });
}

// ---------------------------------------------------------------- from run to run

TEST_CASE("a run signals another, itself, and nobody [S61, S62]") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    at_every_commit(
        c,
        [](world& w, stet::engine& e) {
          e.define(Collect, collect);
          e.define(Sender, [&w](stet::context& ctx, std::string to) -> stet::task<std::string> {
            co_await ctx.signal(to, Word, "x");
            co_await ctx.signal(ctx.id(), Word, "me");
            auto nobody = co_await stet::attempt(ctx.signal("nobody", Word, "lost"));
            auto mine = co_await ctx.receive(Word);
            co_await ctx.step("note", [&w] { w.done.hit("sent"); });
            co_await ctx.signal(to, Word, "y");
            co_return mine + std::string(to_string(nobody.failed_as<stet::error>()->code()));
          });
        },
        [](world& w) {
          auto reader = w.engine().start(Collect, "reader", 2);
          auto text = w.run(Sender, "s", "reader");
          auto read = w.result(reader);
          CHECK(text == "menot_found");
          CHECK(read == "xy");
        },
        [](world& w, death d) {
          CHECK(w.done.of("sent") <= 1 + d.happened);
          CHECK(w.engine().admin().open_runs().empty());
        });
  }
}

TEST_CASE("a run asks another to end") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Collect, collect);
      e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
        co_await ctx.cancel("c", "enough");
        auto again = co_await stet::attempt(ctx.signal("c", Word, "late"));
        co_await ctx.sleep(1s);
        auto late = co_await stet::attempt(ctx.signal("c", Word, "late"));
        co_return std::string(late ? "taken" : to_string(late.failed_as<stet::error>()->code()));
      });
    });
    auto c = w.engine().start(Collect, "c", 1);
    CHECK(w.run(Text, "t") == "run_ended");
    CHECK_THROWS_AS(c.result(), stet::run_cancelled);
  });
}

TEST_CASE("ten thousand signals, a crash after every hundred: all in order, none twice [S58]") {
  constexpr stet::workflow<std::string(int)> Listen{"listen"};
  constexpr stet::signal<int> One{"one"};
  constexpr int count = 10'000;
  world w(cell{.resident = 10});
  w.open([&](stet::engine& e) {
    e.define(Listen, [&](stet::context& ctx, int n) -> stet::task<std::string> {
      for (int i = 0; i < n; ++i)
        if (auto got = co_await ctx.receive(One); got != i)
          co_return "number " + std::to_string(i) + " was " + std::to_string(got);
      co_return "in order";
    });
  });
  (void)w.engine().start(Listen, "l", count);
  for (int i = 0; i < count; ++i) {
    w.engine().signal("l", One, i);
    if (i % 100 != 99) continue;
    w.restart();
    if (i % 1000 == 999) w.settle();
  }
  CHECK(w.result(*w.engine().find(Listen, "l")) == "in order");
}

TEST_CASE(
    "a signal in the moment in which its run ends is read, or refused, or still there [S64]") {
  constexpr stet::workflow<int(int)> Listen{"listen"};
  constexpr stet::signal<int> One{"one"};
  for (std::size_t resident : {std::size_t{0}, std::size_t{100'000}})
    for (int wanted : {1, 50, 300}) {
      world w(cell{.resident = resident, .threads = 4});
      w.open([&](stet::engine& e) {
        e.define(Listen, [&](stet::context& ctx, int n) -> stet::task<int> {
          for (int i = 0; i < n; ++i) (void)co_await ctx.receive(One);
          co_return n;
        });
      });
      auto run = w.engine().start(Listen, "l", wanted);
      std::atomic<unsigned> taken{0}, refused{0};
      std::vector<std::thread> senders;
      for (int t = 0; t < 4; ++t)
        senders.emplace_back([&] {
          for (int i = 0; i < 100; ++i) {
            try {
              run.signal(One, i);
              ++taken;
            } catch (const stet::error& e) {
              if (e.code() == stet::errc::run_ended) ++refused;
            }
          }
        });
      for (auto& t : senders) t.join();
      CHECK(w.result(run) == wanted);
      auto unread = w.engine().admin().describe("l").value().unread_signals;
      CHECK(taken == static_cast<unsigned>(wanted) + unread);
      CHECK(taken + refused == 400);
    }
}

TEST_CASE("looking whether there is a signal, and doing something else if not, loses none [S65]") {
  everywhere([](world& w) {
    static constexpr stet::workflow<std::string(int)> Words{"words"};
    w.open([&w](stet::engine& e) {
      e.define(Words, [&w](stet::context& ctx, int n) -> stet::task<std::string> {
        std::string all;
        while (n > 0) {
          if (auto word = co_await ctx.receive(Word, 0ms)) {
            all += *word;
            --n;
          } else {
            co_await ctx.step("something else", [&w] { w.done.hit("else"); });
            co_await ctx.sleep(1h);
          }
        }
        co_return all;
      });
    });
    auto run = w.engine().start(Words, "w", 4);
    w.settle();
    run.signal(Word, "a");
    run.signal(Word, "b");
    w.pass(1h);
    run.signal(Word, "c");
    w.restart();
    w.pass(1h);
    run = *w.engine().find(Words, "w");
    run.signal(Word, "d");
    CHECK(w.result(run) == "abcd");
    CHECK(w.done.of("else") >= 2);
  });
}
