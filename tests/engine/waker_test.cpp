// Runs that are due, and runs that were cut short.
#include "engine/advance/waker.hpp"

#include "stepping.hpp"

using namespace stet_tests;

namespace {

constexpr auto day = std::chrono::hours(24);

stet::task<int> at_most_once(stet::context& ctx) {
  co_return co_await ctx.step("s", {.at_most_once = true}, [] { return 1; });
}

bool not_over() { return false; }

}  // namespace

TEST_CASE("a sleep ends when its time has come, and not before") {
  parts p;
  auto r = p.start("a");
  p.settle();
  p->advance.waker.schedule(*r);
  CHECK(!p->advance.waker.fire_timers());
  p.pass(day - std::chrono::milliseconds(1));
  CHECK(!p->advance.waker.fire_timers());
  CHECK(r->state.open());
  p.pass(std::chrono::milliseconds(1));
  CHECK(p->advance.waker.fire_timers());
  CHECK(r->state.status == stet::status::completed);
  CHECK(!p->advance.waker.fire_timers());
}

TEST_CASE("runs are driven that are ready now, until it is over; the others wait a turn") {
  parts p;
  auto a = p.start("a"), b = p.start("b");
  int asked = 0;
  CHECK(p->advance.waker.drive_ready([&] { return ++asked > 1; }));
  CHECK(a->state.undriven == 0);
  CHECK(b->state.undriven == 1);
  CHECK(p->runs.agenda.size() == 1);
  CHECK(p->advance.waker.drive_ready(not_over));
  CHECK(b->state.undriven == 0);
  CHECK(!p->advance.waker.drive_ready(not_over));
}

TEST_CASE("a run that is gone when its turn comes is nobody's") {
  parts p;
  p->runs.agenda.add(run_number(77));
  CHECK(!p->advance.waker.drive_ready(not_over));
  CHECK(p->runs.agenda.empty());
}

TEST_CASE("a run whose time is over is ended when it is woken") {
  parts p;
  auto arguments = bytes_of(std::tuple<>{});
  auto start = p.start_of("a", "sleeper", arguments);
  start.run_timeout = 500;
  auto r = p->drive.births.create(start);
  p.settle();
  p.pass(stet::duration(500));
  CHECK(p->advance.waker.fire_timers());
  CHECK(r->state.status == stet::status::timed_out);
}

TEST_CASE("a step that was cut short is attempted again, once") {
  stepping s;
  s.r->revived = false;
  s.p->advance.waker.revive(*s.r);
  CHECK(s.r->revived);
  CHECK(s.step().attempt == 2);
  CHECK(s.r->attempts.size() == 2);
  CHECK_THROWS_AS(s.p->advance.waker.revive(*s.r), broken_invariant);
}

TEST_CASE("of a step that may begin once, and did, nobody knows whether it took effect") {
  for (bool began : {true, false}) {
    stepping s(&at_most_once);
    s.r->revived = false;
    if (!began) s.p->desk.note_not_started(*s.r, s.a());
    s.p->advance.waker.revive(*s.r);
    CHECK(s.r->state.open() == !began);
    if (!began) CHECK(s.step().attempt == 1);
  }
}

TEST_CASE("a run whose code killed the process too often stalls instead of being revived") {
  stepping s;
  s.r->revived = false;
  s.r->state.crashes = 3;
  s.p->advance.waker.revive(*s.r);
  CHECK(s.r->state.stalled);
  CHECK(s.r->attempts.size() == 1);
}

TEST_CASE("a run that begins later isn't begun by a start") {
  parts p;
  auto arguments = bytes_of(std::tuple<>{});
  auto start = p.start_of("a", "sleeper", arguments);
  start.begins_at = p->time.now() + 500;
  auto r = p->drive.births.create(start);
  r->revived = false;
  p->advance.waker.revive(*r);
  CHECK(!r->frame);
  CHECK(r->state.undriven == 1);
  CHECK(p->time.timers.next_due() == start.begins_at);
}

TEST_CASE("the timer index is loaded, and what makes no sense in it is left alone") {
  parts p;
  auto run = p.start("a")->state.run;
  p.settle();
  auto due = p->runs.table.find(run)->state.find(command_number(1))->due;
  p.put_away(run);
  p.write(keys::timer(due, run_number(99)) + "x", "");
  while (p->time.timers.pop_due(engine_time::never())) {}
  p->advance.waker.load_timers();
  CHECK(p->time.timers.size() == 1);
  CHECK(p->time.timers.has_whole_index());
  CHECK(p.heard.heard("a key of the timer index makes no sense"));
  CHECK(p->time.timers.next_due() == due);
  p.pass(day);
  CHECK(p->advance.waker.fire_timers());
  CHECK(p->runs.table.load(run)->state.status == stet::status::completed);
}

TEST_CASE("what a run is owed is paid before it goes on") {
  parts p;
  auto r = p.start("a");
  r->revived = false;
  p->runs.debts.owe(r->state.run, {debt_kind::end, r->state.first, "why"});
  p->advance.waker.revive(*r);
  CHECK(r->state.status == stet::status::terminated);
  CHECK(!r->frame);
}
