// The attempts of steps that are under way.
#include "engine/steps/step_desk.hpp"

#include "stepping.hpp"

using namespace stet_tests;

TEST_CASE("a step that begins waits in the gate until what was recorded by then is durable") {
  stepping s;
  REQUIRE(s.p->bodies.gate.size() == 1);
  CHECK(s.p->bodies.gate.front() == &s.a());
  CHECK(s.a().ticket.lsn == s.p->journal.last_lsn());
  CHECK(s.a().order.run == s.r->state.run);
  CHECK(s.a().order.command == command_number(1));
  CHECK(s.a().order.number == 1);
}

TEST_CASE("only the attempt for which its step waits has a say") {
  stepping s;
  auto& desk = s.p->desk;
  CHECK(desk.counts(s.a()) == &s.step());
  s.a().order.number = 2;
  CHECK(desk.counts(s.a()) == nullptr);
  s.a().order.number = 1;
  s.step().at = pending::phase::retrying;
  CHECK(desk.counts(s.a()) == nullptr);
  s.step().at = pending::phase::waiting;
  desk.leave_behind(s.a());
  CHECK(desk.counts(s.a()) == nullptr);
}

TEST_CASE("what never began is noted, and is the next attempt again") {
  stepping s;
  s.p->desk.note_not_started(*s.r, s.a());
  CHECK(s.step().at == pending::phase::not_started);
  CHECK(s.step().attempt == 1);
}

TEST_CASE(
    "when a run goes no further, what hasn't begun is noted, and what runs is asked to stop") {
  stepping waiting, running;
  waiting.p->desk.stop_all(*waiting.r);
  CHECK(waiting.a().at == attempt::phase::revoked);
  CHECK(waiting.a().ticket.left_behind);
  CHECK(waiting.step().at == pending::phase::not_started);
  running.a().at = attempt::phase::running;
  running.p->desk.stop_all(*running.r);
  CHECK(running.a().stop);
  CHECK(!running.a().ticket.left_behind);
  CHECK(running.step().at == pending::phase::waiting);
}

TEST_CASE("a body that doesn't return when it is asked to is reported after a while, once") {
  stepping s;
  auto& desk = s.p->desk;
  desk.ask_to_return(s.a());  // the attempt hasn't begun
  CHECK(s.a().ticket.deadline == engine_time::never());
  s.a().at = attempt::phase::running;
  desk.ask_to_return(s.a());
  CHECK(s.a().ticket.deadline == s.p->time.now() + 30'000);
  CHECK(s.p->time.timers.next_due() == s.a().ticket.deadline);
  desk.report_late(s.a());
  desk.report_late(s.a());
  REQUIRE(s.p.heard.problems().size() == 1);
  CHECK(s.p.heard.heard("the body of step 's' goes on 30 s after"));
  CHECK(s.p.heard.heard("(run 'a')"));
  s.a().at = attempt::phase::left;
}

TEST_CASE("what a heartbeat said is recorded, of the attempt that counts only") {
  stepping s;
  CHECK(!s.p->desk.take_heartbeats());
  s.p->bodies.heartbeat(s.a(), "half");
  CHECK(s.p->desk.take_heartbeats());
  REQUIRE(s.step().more);
  CHECK(s.p->runs.texts.progress(s.r->state, s.step()) == "half");
  s.a().order.number = 2;
  s.p->bodies.heartbeat(s.a(), "of another");
  CHECK(s.p->desk.take_heartbeats());
  CHECK(s.p->runs.texts.progress(s.r->state, s.step()) == "half");
  CHECK(s.p.count(*s.r, record_kind::progress) == 1);
}

TEST_CASE("a pending step that nobody waits for comes back at once") {
  stepping s(&one_pending_step);
  auto& a = s.a();
  a.later = new completion_state(a);
  std::optional<stet::completion<int>> handle;
  handle.emplace(*a.later);
  a.at = attempt::phase::running;
  CHECK(!a.later->body_returned(nullptr));
  s.p->desk.leave_behind(a);
  CHECK(a.at == attempt::phase::left);
  CHECK(s.p->bodies.inline_returned.pop() == &a);
  CHECK(!handle->resolve(1));
}
