// Events that a run got but hasn't seen when it ends. In the commit of the end, either the run that
// continues it gets them, or those that wait for them get an error.
#include <stet/check.hpp>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string(int)> Loop{"loop"};
inline constexpr stet::workflow<void(std::string)> Sends{"sends"};
inline constexpr stet::workflow<std::string()> Parent{"parent"};
inline constexpr stet::workflow<std::string()> Asks{"asks"};
inline constexpr stet::signal<> Go{"go"};
inline constexpr stet::signal<std::string> Word{"word"};
inline constexpr stet::promise<std::string> Answer{"answer"};
inline constexpr stet::update<int(int)> Ask{"ask"};

/// Continues as a new run at the first Go. The second run reads signals, and answers an update.
stet::task<std::string> loop(stet::context& ctx, int n) {
  auto answer = ctx.promise(Answer);
  if (n > 0) {
    int asked = 0;
    auto asking = ctx.on(Ask, [&](int a) { return asked = a; });
    auto first = co_await ctx.receive(Word);
    co_await ctx.until([&] { return asked > 0; });
    co_return first + co_await ctx.receive(Word) + std::to_string(asked);
  }
  co_await ctx.receive(Go);
  co_return co_await ctx.continue_as_new(Loop, n + 1);
}

void define_all(stet::engine& e) {
  e.define(Loop, loop);
  e.define(Sends, [](stet::context& ctx, std::string how) -> stet::task<void> {
    if (how == "go, cancel")
      co_await stet::all(ctx.signal("l", Go), ctx.cancel("l", "no more of it"));
    if (how == "stop, go") co_await stet::all(ctx.signal("p", Word, "stop"), ctx.signal("l", Go));
  });
  e.define(Parent, [](stet::context& ctx) -> stet::task<std::string> {
    auto first = co_await stet::any(ctx.child(Loop, "l", 0), ctx.receive(Word));
    co_return std::get<1>(first);
  });
  e.define(Asks, [](stet::context& ctx) -> stet::task<std::string> {
    auto answer = co_await stet::attempt(ctx.update("l", Ask, 3));
    if (answer) co_return "answered";
    co_return answer.failed_as<stet::error>() ? "told" : "?";
  });
}
/// Definitions of a program that lacks `loop`.
void define_others(stet::engine& e) {
  e.define(Asks, [](stet::context&) -> stet::task<std::string> { co_return std::string(); });
}

stet::status status_of(world& w, std::string_view id) {
  auto info = w.engine().admin().describe(id);
  REQUIRE(info);
  return info->status;
}
void check_store(world& w) {
  w.plan->heal();
  w.close();
  auto report = stet::check(*w.store());
  CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
}

}  // namespace

TEST_CASE("a cancellation that a run hasn't seen goes over to the run that continues it") {
  everywhere([](world& w) {
    w.open(define_all);
    auto run = w.engine().start(Loop, "l", 0);
    w.settle();
    w.run(Sends, "s", "go, cancel");
    w.restart();
    CHECK(status_of(w, "l") == stet::status::cancelled);
    CHECK(w.engine().admin().describe("l").value().reason == "no more of it");
    CHECK(w.engine().admin().describe("l").value().previous != 0);
    CHECK(w.engine().admin().open_runs().empty());
    check_store(w);
  });
}

TEST_CASE("so does that of a parent which gives up its child") {
  everywhere([](world& w) {
    w.open(define_all);
    auto parent = w.engine().start(Parent, "p");
    w.settle();
    w.run(Sends, "s", "stop, go");
    CHECK(w.result(parent) == "stop");
    w.restart();
    CHECK(status_of(w, "l") == stet::status::cancelled);
    CHECK(w.engine().admin().describe("l").value().previous != 0);
    check_store(w);
  });
}

TEST_CASE(
    "what came to a run that was stalled goes over in its order, and an acknowledged cancel too") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}})
    at_every_commit(
        c, [](world&, stet::engine& e) { define_all(e); },
        [](world& w) {
          if (w.done.hit("begun") > 1) return;
          (void)w.engine().start(Loop, "l", 0);
          w.settle();
          w.close();
          w.open(define_others);
          auto& e = w.engine();
          e.signal("l", Go);
          e.signal("l", Word, "a");
          e.cancel("l", "enough");
          w.done.hit("acknowledged");
          w.close();
          w.open(define_all);
          w.settle();
        },
        [](world& w, death) {
          w.plan->heal();
          w.crash();
          w.open(define_all);
          w.settle();
          auto info = w.engine().admin().describe("l");
          if (w.done.of("acknowledged") == 0) return;
          REQUIRE(info);
          CHECK(info->status == stet::status::cancelled);
          CHECK(info->reason == "enough");
          CHECK(info->previous != 0);
          CHECK(info->unread_signals == 0);  // the next run read it before it saw the request
          check_store(w);
        });
}

TEST_CASE("signals and updates that were not seen go over too, and are answered there") {
  everywhere([](world& w) {
    w.open(define_all);
    (void)w.engine().start(Loop, "l", 0);
    auto asks = w.engine().start(Asks, "a");
    w.settle();
    CHECK(w.result(asks) == "told");  // the first run has no handler
    w.close();
    w.open(define_others);
    w.engine().signal("l", Go);
    w.engine().signal("l", Word, "x");
    w.engine().signal("l", Word, "y");
    w.close();
    w.open(define_all);
    w.settle();
    CHECK(w.engine().update("l", Ask, 4) == 4);
    CHECK(w.result(*w.engine().find(Loop, "l")) == "xy4");
    check_store(w);
  });
}

TEST_CASE("an answer to a promise that nobody can read any more is told to the listener") {
  everywhere([](world& w) {
    w.open(define_all);
    (void)w.engine().start(Loop, "l", 0);
    w.settle();
    auto token = w.engine().admin().describe("l").value().waits_for.at(0).detail;
    w.close();
    w.open(define_others);
    w.engine().signal("l", Go);
    CHECK(w.engine().resolve(Answer, token, "yes"));
    w.close();
    w.open(define_all);
    w.settle();
    auto heard = w.heard.problems();
    REQUIRE_FALSE(heard.empty());
    CHECK_MESSAGE(heard.back().find("promise 'answer'") != std::string::npos, heard.back());
    CHECK_FALSE(w.engine().resolve(Answer, token, "again"));
    check_store(w);
  });
}
