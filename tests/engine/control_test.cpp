// The operator's verbs for a run.
#include "engine/calls/control.hpp"

#include "stepping.hpp"

using namespace stet_tests;

namespace {

const run_ref a{0, "default", "a"};

stet::task<int> sleeps_a_day(stet::context& ctx) {
  co_await ctx.sleep(std::chrono::hours(24));
  co_return 2;
}
stet::task<int> steps_first(stet::context& ctx) {
  co_return co_await ctx.step("s", [] { return 1; });
}

}  // namespace

TEST_CASE("a run is asked to end, or ended, and its state is told") {
  parts p;
  auto r = p.start("a");
  auto& c = p.calls.control;
  CHECK(c.status(a).value == stet::status::running);
  CHECK(c.cancel(a, "why").lsn == p->journal.last_lsn());
  CHECK(r->state.cancel_requested);
  CHECK(c.terminate(a, "why").lsn == p->journal.last_lsn());
  CHECK(c.status(a).value == stet::status::terminated);
  CHECK(c.status(a).lsn == r->last_lsn);
  (void)c.terminate(a, "again");
  CHECK(p->runs.texts.outcome(r->state) == "why");
}

TEST_CASE("nothing is done to a run that isn't there") {
  parts p;
  run_ref x{0, "default", "x"};
  auto& c = p.calls.control;
  CHECK_THROWS_AS((void)c.cancel(x, ""), stet::error);
  CHECK_THROWS_AS((void)c.terminate(x, ""), stet::error);
  CHECK_THROWS_AS((void)c.resume(x), stet::error);
  CHECK_THROWS_AS((void)c.move(x, ""), stet::error);
  CHECK_THROWS_AS((void)c.status(x), stet::error);
}

TEST_CASE("a stalled run is tried again, and one that waits for no retry is left alone") {
  parts p;
  auto r = p.start("a");
  auto records = r->state.records;
  (void)p.calls.control.resume(a);
  CHECK(r->state.records == records);
  p->drive.staller.stall(*r, "why");
  (void)p.calls.control.resume(a);
  CHECK(!r->state.stalled);
  p->drive.staller.stall(*r, "why");
  p->drive.ending.terminate(*r, "");
  records = r->state.records;
  (void)p.calls.control.resume(a);
  CHECK(r->state.records == records);
}

TEST_CASE("a step that waits for its retry is tried now, if its run is resumed") {
  stepping f;
  stet::failure no{"type", "no", {}, 1};
  f.p->advance.timeouts_and_retries.attempt_failed(*f.r, f.step(), f.a(), no,
                                                   stet::errc::step_failed, false);
  REQUIRE(f.step().at == pending::phase::retrying);
  f.a().ticket.left_behind = true;  // it has failed
  auto attempts = f.r->attempts.size();
  f.r->revived = true;
  (void)f.p.calls.control.resume(a);
  CHECK(f.step().at == pending::phase::waiting);
  CHECK(f.step().attempt == 2);
  CHECK(f.r->attempts.size() == attempts + 1);
  (void)f.p.calls.control.resume(a);  // it is under way
  CHECK(f.r->attempts.size() == attempts + 1);
}

TEST_CASE("a run is moved to a version that its history fits, and goes on there") {
  parts p;
  auto r = p.start("a");
  p.settle();
  p.define("sleeper", &sleeps_a_day, "2");
  p.define("sleeper", &steps_first, "3");
  auto& c = p.calls.control;
  CHECK_THROWS_WITH_AS((void)c.move(a, "4"), doctest::Contains("no body"), stet::error);
  CHECK_THROWS_WITH_AS((void)c.move(a, "3"), doctest::Contains("doesn't fit"), stet::error);
  CHECK(r->state.version.empty());
  (void)c.move(a, "2");
  CHECK(r->state.version == "2");
  CHECK(!r->frame);
  auto records = r->state.records;
  (void)c.move(a, "2");  // it has that version already
  CHECK(r->state.records == records);
}

TEST_CASE("a stalled run that is moved goes on") {
  parts p;
  p.define("sleeper", &sleeps_a_day, "2");
  auto r = p.start("a");
  r->state.version = "1";  // a version without a body
  CHECK(!p->drive.frames.ensure_frame(*r));
  REQUIRE(r->state.stalled);
  (void)p.calls.control.move(a, "2");
  CHECK(!r->state.stalled);
}

TEST_CASE("a run to whose variables a body refers isn't moved, and one that has ended neither") {
  stepping s(&one_capturing_step);
  s.p.define("steps", &one_capturing_step, "2");
  s.a().ticket.submitted = true;
  auto& c = s.p.calls.control;
  CHECK_THROWS_WITH_AS((void)c.move(a, "2"), doctest::Contains("can't be moved now"), stet::error);
  s.a().revoke();
  (void)c.move(a, "2");
  CHECK(s.r->state.version == "2");
  s.p->drive.ending.terminate(*s.r, "");
  CHECK_THROWS_WITH_AS((void)c.move(a, ""), doctest::Contains("has ended"), stet::error);
}
