// Runs with a delayed start, before they begin: shown in lists, signalled, ended.
#include <string>

#include <stet/check.hpp>
#include <stet/history_file.hpp>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string()> Text{"text"};
inline constexpr stet::workflow<std::string()> Ender{"ender"};
inline constexpr stet::workflow<int()> Caller{"caller"};
inline constexpr stet::signal<std::string> Word{"word"};
inline constexpr stet::update<int(int)> Add{"add"};
inline constexpr stet::query<int()> Sum{"sum"};

void define_all(world& w, stet::engine& e) {
  e.define(Text, [&w](stet::context& ctx) -> stet::task<std::string> {
    w.done.hit("begun");
    int sum = 0;
    auto adding = ctx.on(Add, [&sum](int n) { return sum += n; });
    auto telling = ctx.on(Sum, [&sum] { return sum; });
    try {
      co_return co_await ctx.receive(Word);
    } catch (const stet::cancelled&) {
      w.done.hit("cleaned up");
      throw;
    }
  });
  e.define(Ender, [](stet::context& ctx) -> stet::task<std::string> {
    co_await ctx.cancel("t", "by another run");
    co_return std::string("asked");
  });
  e.define(Caller, [](stet::context& ctx) -> stet::task<int> {
    co_return co_await ctx.update("t", Add, 4);
  });
}
void open(world& w) {
  w.open([&w](stet::engine& e) { define_all(w, e); });
}
void check_sound(world& w) {
  w.close();
  auto report = stet::check(*w.store());
  CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
  w.reopen();
}

}  // namespace

TEST_CASE("cancelling a run before it begins ends it at once, and none of its code runs") {
  for (bool restarts : {false, true})
    everywhere([&](world& w) {
      INFO("restart ", restarts);
      open(w);
      auto run = w.engine().start(Text, "t", {.delay = 24h});
      run.signal(Word, "early");
      if (restarts) w.restart();
      run = *w.engine().find(Text, "t");
      run.cancel("not any more");
      CHECK(run.status() == stet::status::cancelled);  // nothing else has to happen first
      auto cancelled = what_throws([&] { (void)run.result(); });
      CHECK(cancelled.code == stet::errc::run_cancelled);
      CHECK(cancelled.says("not any more"));
      auto info = w.engine().admin().describe("t");
      CHECK(info->status == stet::status::cancelled);
      CHECK(info->reason == "not any more");
      CHECK(info->waits_for.empty());
      CHECK(info->unread_signals == 1);
      CHECK(what_throws([&] { run.signal(Word, "late"); }).code == stet::errc::run_ended);
      CHECK(what_throws([&] { run.update(Add, 1); }).code == stet::errc::run_ended);
      run.cancel();
      CHECK(w.done.of("begun") == 0);
      auto again = w.engine().start(Text, "t", {.reuse = stet::id_reuse::allow});
      CHECK(again.created());  // the id is free
      again.signal(Word, "word");
      CHECK(w.result(again) == "word");
      w.pass(48h);
      w.restart();
      w.settle();
      CHECK(w.done.of("cleaned up") == 0);
      CHECK(w.engine().admin().count("ExecutionStatus = 'Cancelled'") == 1);
      check_sound(w);
    });
}

TEST_CASE("a run that has not begun is cancelled by another run as well") {
  everywhere([](world& w) {
    open(w);
    auto run = w.engine().start(Text, "t", {.delay = 24h});
    auto calling = w.engine().start(Caller, "caller");
    w.settle();
    CHECK(w.run(Ender, "e") == "asked");
    CHECK(run.status() == stet::status::cancelled);
    CHECK(what_throws([&] { (void)w.result(calling); }).says("ended without an answer"));
    CHECK(w.done.of("begun") == 0);
    check_sound(w);
  });
}

TEST_CASE("a cancel that is acknowledged before a run begins holds, whatever dies and when") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    at_every_commit(
        c, [](world& w, stet::engine& e) { define_all(w, e); },
        [](world& w) {
          auto run = w.engine().start(Text, "t", {.delay = 24h});
          w.engine().cancel("t");
          w.done.hit("cancelled");
          w.close();
          w.reopen();
        },
        [](world& w, death) {
          w.plan->heal();
          w.pass(25h);
          CHECK(w.engine().find(Text, "t")->status() == stet::status::cancelled);
          CHECK(w.done.of("begun") == 0);
          check_sound(w);
        });
  }
}

TEST_CASE("the history of a run that was cancelled before it began fits its code") {
  world w;
  open(w);
  w.engine().start(Text, "t", {.delay = 24h});
  w.engine().signal("t", Word, "x");
  w.engine().cancel("t", "no");
  w.settle();
  auto exported = stet::export_history(w.engine(), "t");
  auto entries = w.engine().admin().history("t");
  REQUIRE(entries.size() == 4);
  CHECK(entries.back().name == "no");
  CHECK(what_throws([&] { w.engine().query("t", Sum); }).code == stet::errc::not_found);
  w.close();
  auto replaying = w.make();
  CHECK(stet::replay_history(*replaying, exported).reason.empty());
  replaying.reset();
  w.reopen();
  CHECK(w.done.of("begun") == 0);
}

TEST_CASE("a delayed run says when it begins: to whoever looks, asks, or sends an update") {
  everywhere([](world& w) {
    open(w);
    auto begins = w.clock.wall() + 24h;
    auto run = w.engine().start(Text, "t", {.delay = 24h});
    for (bool restarted : {false, true}) {
      auto info = w.engine().admin().describe("t");
      REQUIRE(info->waits_for.size() == 1);
      CHECK(info->waits_for[0].kind == stet::wait_kind::start);
      CHECK(info->waits_for[0].due == begins);
      CHECK(info->next_wakeup == begins);
      auto asked = what_throws([&] { run.query(Sum); });
      CHECK(asked.code == stet::errc::not_found);
      CHECK(asked.says("begins at"));
      auto sent = what_throws([&] { run.update(Add, 1); });
      CHECK(sent.code == stet::errc::rejected);
      CHECK(sent.says("begins at"));
      if (restarted) break;
      w.restart();
      run = *w.engine().find(Text, "t");
    }
    auto calling = w.engine().start(Caller, "caller");  // a run's update waits until it begins
    w.settle();
    w.pass(24h);
    CHECK(w.result(calling) == 4);
    CHECK(run.query(Sum) == 4);
    CHECK(run.update(Add, 1) == 5);
    auto begun = w.engine().admin().describe("t");
    for (auto& p : begun->waits_for) CHECK(p.kind != stet::wait_kind::start);
  });
}

TEST_CASE("an update with the start of a run that begins later is refused, and leaves nothing") {
  everywhere([](world& w) {
    open(w);
    auto refused = what_throws([&] {
      w.engine().update_with_start(Add, {}, std::tuple(1), Text, "t",
                                   stet::start_options{.delay = 1h});
    });
    CHECK(refused.code == stet::errc::usage);
    CHECK(refused.says("delay"));
    CHECK(!w.engine().find(Text, "t"));
    CHECK(w.engine().admin().count() == 0);
    w.restart();
    CHECK(!w.engine().find(Text, "t"));
    auto run = w.engine().signal_with_start(Word, "hi", Text, "s", {.delay = 1h});  // it stays
    w.settle();
    CHECK(w.done.of("begun") == 0);
    w.pass(1h);
    CHECK(w.result(run) == "hi");
  });
}

TEST_CASE("a delayed run is terminated and times out before it begins, its code never runs") {
  everywhere([](world& w) {
    open(w);
    auto ended = w.engine().start(Text, "ended", {.delay = 24h});
    auto late = w.engine().start(Text, "late", {.delay = 24h, .execution_timeout = 2h});
    ended.terminate("away");
    CHECK(ended.status() == stet::status::terminated);
    w.restart();
    w.settle();
    w.pass(3h);
    CHECK(w.engine().find(Text, "late")->status() == stet::status::timed_out);
    w.pass(24h);
    CHECK(w.done.of("begun") == 0);
    check_sound(w);
  });
}
