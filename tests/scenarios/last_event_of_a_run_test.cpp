// Everything that a workflow asks for in the event that ends its run is done, in the same commit as
// the end.
#include <stet/check.hpp>
#include <stet/entity.hpp>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(std::string, int)> Last{"last"};
inline constexpr stet::workflow<int(int)> Child{"child"};
inline constexpr stet::workflow<int(int)> Unknown{"unknown"};
inline constexpr stet::workflow<std::string()> Hears{"hears"};
inline constexpr stet::workflow<std::string()> Waits{"waits"};
inline constexpr stet::signal<std::string> Word{"word"};
inline constexpr stet::update<int()> Finish{"finish"};
using tally = std::vector<std::string>;
inline constexpr stet::entity<tally> Tally{"tally"};
inline constexpr stet::update<int(std::string)> Note{"note"};
inline constexpr stet::query<tally()> Notes{"notes"};

void check_store(world& w) {
  w.plan->heal();
  w.close();
  auto report = stet::check(*w.store());
  CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
}

void start_three(stet::context& ctx) {
  ctx.start_child(Child, "left alone", {.parent_close = stet::parent_close::abandon}, 1);
  ctx.start_child(Child, "asked", {.parent_close = stet::parent_close::request_cancel}, 2);
  ctx.start_child(Child, "ended", 3);
}

/// Starts three children in its last event, which ends the run in one of several ways.
stet::task<int> last(stet::context& ctx, std::string how, int generation) {
  if (generation > 0) co_return generation;
  bool over = false;
  auto finish = ctx.on(Finish, [&] {
    start_three(ctx);
    over = true;
    return 5;
  });
  if (how == "handler") {
    co_await ctx.until([&] { return over; });
    co_return 1;
  }
  co_await ctx.step("first", [] {});
  start_three(ctx);
  if (how == "throw") throw stet::permanent_error("it is over");
  if (how == "continue") co_return co_await ctx.continue_as_new(Last, how, 1);
  if (how == "until") co_await ctx.until([] { return true; });
  co_return 1;
}
stet::task<int> child(stet::context& ctx, int n) {
  co_await ctx.sleep(1h);
  co_return 2 * n;
}

void define_all(stet::engine& e) {
  e.define(Last, last);
  e.define(Child, child);
  e.define(Hears, [](stet::context& ctx) -> stet::task<std::string> {
    co_return co_await ctx.receive(Word);
  });
  e.define(Waits, [](stet::context& ctx) -> stet::task<std::string> {
    co_await ctx.receive(Word);
    co_return "heard";
  });
  e.define(Tally,
           stet::on(Note,
                    [](tally& t, std::string what) {
                      t.push_back(std::move(what));
                      return static_cast<int>(t.size());
                    }),
           stet::on(Notes, [](const tally& t) { return t; }));
}

stet::status status_of(world& w, std::string_view id) {
  auto info = w.engine().admin().describe(id);
  REQUIRE_MESSAGE(info, "there is no run '", id, "'");
  return info->status;
}

const char* const ways[] = {"return", "throw", "continue", "until", "handler"};

void end_by(world& w, const std::string& how) {
  auto run = w.engine().start(Last, "l", how, 0);
  w.settle();
  if (how == "handler" && !run.wait_for(0ms)) {
    auto answer = run.update(Finish);
    CHECK(answer == 5);
  }
  w.settle();
}

void check_children(world& w) {
  REQUIRE(w.engine().find(Child, "left alone"));
  CHECK(w.result(*w.engine().find(Child, "left alone")) == 2);
  CHECK(status_of(w, "asked") == stet::status::cancelled);
  CHECK(status_of(w, "ended") == stet::status::terminated);
}

}  // namespace

TEST_CASE("a child that is started in its parent's last event exists, however that ends the run") {
  for (const char* how : ways) {
    CAPTURE(how);
    everywhere([&](world& w) {
      w.open(define_all);
      end_by(w, how);
      CHECK(status_of(w, "l") != stet::status::running);
      w.restart();
      check_children(w);
      check_store(w);
    });
  }
}

TEST_CASE("the children of a last event are in the commit of that end, whatever dies and when") {
  for (const char* how : ways) {
    CAPTURE(how);
    for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}})
      at_every_commit(
          c, [](world&, stet::engine& e) { define_all(e); }, [&](world& w) { end_by(w, how); },
          [&](world& w, death) {
            w.plan->heal();
            w.settle();
            bool over = status_of(w, "l") != stet::status::running;
            for (const char* id : {"left alone", "asked", "ended"})
              CHECK(w.engine().find(Child, id).has_value() == over);
            if (over) check_children(w);
            check_store(w);
          });
  }
}

TEST_CASE("a child of a last event that can't start is told to the listener, and ends nothing") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      define_all(e);
      e.define(Hears, {.version = "2"}, [](stet::context& ctx) -> stet::task<std::string> {
        ctx.start_child(Unknown, "never", {.parent_close = stet::parent_close::abandon}, 1);
        ctx.start_child(Child, "taken", {.parent_close = stet::parent_close::abandon}, 1);
        co_return std::string("over");
      });
    });
    auto taken = w.engine().start(Child, "taken", 21);
    CHECK(w.run(Hears, "h") == "over");
    CHECK(w.result(taken) == 42);
    CHECK_FALSE(w.engine().admin().describe("never"));
    auto told = w.heard.problems();
    REQUIRE(told.size() == 2);
    CHECK_MESSAGE(told[0].find("'never'") != std::string::npos, told[0]);
    CHECK_MESSAGE(told[1].find("'taken'") != std::string::npos, told[1]);
    check_store(w);
  });
}

TEST_CASE("a signal, a call and a cancellation beside the run's end arrive, once") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      define_all(e);
      e.define(Last, {.version = "2"},
               [](stet::context&, std::string how, int n) -> stet::task<int> {
                 if (n > 0) co_return n;
                 using stet::context;
                 auto sends = [](context& c) -> stet::task<int> {
                   co_await c.signal("h", Word, "last words");
                   co_return 1;
                 };
                 auto calls = [](context& c) -> stet::task<int> {
                   co_return co_await c.call(Tally, "t", Note, "x");
                 };
                 auto cancels = [](context& c) -> stet::task<int> {
                   co_await c.cancel("w", "it is over");
                   co_return 1;
                 };
                 auto runs = [](context& c) -> stet::task<int> {
                   co_return co_await c.child(Child, "ended", 1);
                 };
                 auto ends = [how](context& c) -> stet::task<int> {
                   co_return co_await c.continue_as_new(Last, how, 1);
                 };
                 auto first = co_await stet::any(sends, calls, cancels, runs, ends);
                 co_return static_cast<int>(first.index());
               });
    });
    auto hears = w.engine().start(Hears, "h");
    auto waits = w.engine().start(Waits, "w");
    CHECK(w.run(Last, "l", "any", 0) == 1);
    w.restart();
    CHECK(w.result(*w.engine().find(Hears, "h")) == "last words");
    int heard = 0;
    for (auto& entry : w.engine().admin().history("h"))
      heard += entry.kind == stet::record_kind::signal;
    CHECK(heard == 1);
    CHECK(w.engine().call(Tally, "t", Notes) == tally{"x"});
    CHECK(status_of(w, "w") == stet::status::cancelled);
    CHECK(status_of(w, "ended") == stet::status::terminated);
    check_store(w);
  });
}

TEST_CASE("what was given up in the event that asked for it isn't done") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      define_all(e);
      e.define(Last, {.version = "2"}, [](stet::context&, std::string, int) -> stet::task<int> {
        auto sends = [](stet::context& c) -> stet::task<int> {
          co_await c.signal("h", Word, "never sent");
          co_return 1;
        };
        auto runs = [](stet::context& c) -> stet::task<int> {
          co_return co_await c.child(Child, "never started", 1);
        };
        auto is_there = [](stet::context& c) -> stet::task<int> {
          co_await c.until([] { return true; });
          co_return 7;
        };
        auto first = co_await stet::any(sends, runs, is_there);
        co_return static_cast<int>(first.index());
      });
    });
    auto hears = w.engine().start(Hears, "h");
    (void)w.run(Last, "l", "", 0);
    CHECK(status_of(w, "h") == stet::status::running);
    CHECK_FALSE(w.engine().admin().describe("never started"));
    CHECK(w.heard.problems().empty());
  });
}

TEST_CASE("a signal to the run's own id beside continue_as_new is for the next run") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Last, [](stet::context& ctx, std::string how, int n) -> stet::task<int> {
        if (n > 0) {
          auto word = co_await ctx.receive(Word);
          co_return word == how ? 1 : 2;
        }
        auto sends = [how](stet::context& c) -> stet::task<int> {
          co_await c.signal("l", Word, how);
          co_return 1;
        };
        auto ends = [how](stet::context& c) -> stet::task<int> {
          co_return co_await c.continue_as_new(Last, how, 1);
        };
        auto first = co_await stet::any(sends, ends);
        co_return static_cast<int>(first.index());
      });
    });
    CHECK(w.run(Last, "l", "to myself", 0) == 1);
    CHECK(w.heard.problems().empty());
    check_store(w);
  });
}

TEST_CASE("a run that goes on as new in its first event hands on what it is and says of itself") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Last, [](stet::context& ctx, std::string how, int n) -> stet::task<int> {
        if (n > 0) {
          auto word = co_await ctx.receive(Word);
          co_return word == how ? n : 0;
        }
        ctx.set_memo(how);
        ctx.set_details("in its first event");
        co_return co_await ctx.continue_as_new(Last, how, 1);
      });
      e.define(Unknown, [](stet::context& ctx, int) -> stet::task<int> {
        co_return 10 + co_await ctx.child(Last, "l", "to the child", 0);
      });
    });
    (void)w.engine().start(Unknown, "parent", 0);
    w.settle();
    w.restart();
    auto info = w.engine().admin().describe("l");
    REQUIRE(info);
    CHECK(info->previous != 0);
    CHECK(info->parent == w.engine().admin().describe("parent").value().run);
    CHECK(stet::decode<std::string>(info->memo) == "to the child");
    CHECK(info->details == "in its first event");
    w.engine().signal("l", Word, "to the child");
    CHECK(w.result(*w.engine().find(Unknown, "parent")) == 11);
    CHECK(w.engine().admin().erase("l") == 2);
    check_store(w);
  });
}
