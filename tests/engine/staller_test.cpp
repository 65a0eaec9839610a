// Runs that can't go on.
#include "engine/drive/staller.hpp"

#include "stepping.hpp"

using namespace stet_tests;

TEST_CASE("a run that stalls is recorded and reported with its reason, once for each") {
  parts p;
  auto r = p.start("a");
  auto& s = p->drive.staller;
  s.stall(*r, "one\nreason");
  CHECK(r->state.stalled);
  CHECK(p->runs.texts.outcome(r->state).find('\n') == std::string::npos);
  s.stall(*r, "one\nreason");
  CHECK(p.heard.problems().size() == 1);
  CHECK(p.count(*r, record_kind::stalled) == 1);
  s.stall(*r, "another");
  CHECK(p.heard.problems().size() == 2);
  CHECK(p.count(*r, record_kind::stalled) == 2);
}

TEST_CASE("whoever waits for a run that stalls is told") {
  parts p;
  auto r = p.start("a");
  outcome_call c({r->state.run.value(), "default", "a"});
  CHECK(!p->drive.waiting_calls.await_outcome(c));
  p->drive.staller.stall(*r, "why");
  (void)p->commit.commit();
  CHECK(c.is_done());
  CHECK(c.outcome.status == stet::status::stalled);
  CHECK(c.outcome.error.message == "why");
}

TEST_CASE("a run that stalls loses its frame and its attempts, and is resumed without them") {
  stepping s;
  s.p->drive.staller.stall(*s.r, "why");
  CHECK(!s.r->frame);
  CHECK(s.a().at == attempt::phase::revoked);
  s.r->queued = false;
  auto ready = s.p->runs.agenda.size();
  s.p->drive.staller.resume(*s.r);
  CHECK(!s.r->state.stalled);
  CHECK(!s.r->revived);
  CHECK(s.p->runs.agenda.size() == ready + 1);
}

TEST_CASE("a run to whose frame a body refers is resumed when that has returned") {
  stepping s(&one_capturing_step);
  s.a().ticket.submitted = true;
  s.a().at = attempt::phase::running;
  s.p->drive.staller.stall(*s.r, "why");
  CHECK(s.r->frame);
  s.p->drive.staller.resume(*s.r);
  CHECK(s.r->resumes_later);
  CHECK(s.r->state.stalled);
  s.a().at = attempt::phase::revoked;
  s.p->drive.staller.resume(*s.r);
  CHECK(!s.r->resumes_later);
  CHECK(!s.r->state.stalled);
}

TEST_CASE("what is wrong with one run stalls it, and what is wrong with the store doesn't") {
  parts p;
  auto r = p.start("a"), b = p.start("b"), c = p.start("c"), d = p.start("d");
  auto& s = p->drive.staller;
  s.for_run(*r, [] {});
  CHECK(!r->state.stalled);
  s.for_run(*r, [] { throw stet::error(stet::errc::payload, "x", "no key"); });
  CHECK(p->runs.texts.outcome(r->state) == "no key");
  s.for_run(*b, [] { throw malformed("nonsense"); });
  CHECK(b->state.stalled);
  s.for_run(*c,
            [] { throw users_exception(std::make_exception_ptr(std::runtime_error("thrown"))); });
  CHECK(p->runs.texts.outcome(c->state) == "thrown");
  CHECK_THROWS_AS(
      s.for_run(*d, [] { throw stet::store_error(stet::errc::corrupt, "x", "", 0, "y"); }),
      stet::store_error);
  CHECK_THROWS_AS(s.for_run(*d, [] { throw stet::error(stet::errc::usage, "x", "y"); }),
                  stet::error);
  CHECK(!d->state.stalled);
}

TEST_CASE("a run that has ended doesn't stall: it is reported only") {
  parts p;
  auto r = p.start("a");
  p->drive.ending.terminate(*r, "");
  auto records = r->state.records;
  p->drive.staller.for_run(*r, [] { throw malformed("nonsense"); });
  CHECK(r->state.records == records);
  CHECK(p.heard.heard("has ended, and can't be read: nonsense"));
}
