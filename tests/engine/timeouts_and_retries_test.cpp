// The next attempt of a step, or the step's end.
#include "engine/advance/timeouts_and_retries.hpp"

#include "stepping.hpp"

using namespace stet_tests;

namespace {

const stet::failure no{"type", "no", {}, 1};

/// A step whose only attempt is under way.
struct fixture : stepping {
  using stepping::stepping;
  void fails(bool for_good = false) {
    p->advance.timeouts_and_retries.attempt_failed(*r, step(), a(), no, stet::errc::step_failed,
                                                   for_good);
  }
  stet::errc failed_with() {
    auto code = stet::errc::usage;
    p->runs.history.for_each(*r, [&](const record& rec) {
      if (rec.kind == record_kind::step_failed) code = rec.code;
    });
    return code;
  }
};

}  // namespace

TEST_CASE("after a failure a step waits, twice as long each time, and knows what was said") {
  fixture f;
  f.fails();
  CHECK(f.step().at == pending::phase::retrying);
  CHECK(f.step().due == f.p->time.now() + 100);
  CHECK(f.step().failures == 1);
  CHECK(f.p->time.timers.next_due() == f.step().due);
  CHECK(f.p->runs.texts.last_error(f.r->state, f.step()) == "no");
  f.p->advance.timeouts_and_retries.next_attempt(*f.r, f.step());
  CHECK(f.step().attempt == 2);
  f.fails();
  CHECK(f.step().due == f.p->time.now() + 200);
}

TEST_CASE("the last attempt ends the step: by its policy, or for good") {
  fixture f;
  SUBCASE("there are no more attempts") {
    f.a().body->options.retry.max_attempts = 1;
    f.fails();
  }
  SUBCASE("another wouldn't help") { f.fails(true); }
  SUBCASE("it would be too late") {
    f.a().body->options.retry.max_elapsed = stet::duration(99);
    f.fails();
  }
  CHECK(f.failed_with() == stet::errc::step_failed);
  CHECK(f.r->state.status == stet::status::failed);
}

TEST_CASE("a pause ends at the deadline of all attempts") {
  fixture f;
  f.a().body->options.total_timeout = stet::duration(60);
  f.fails();
  CHECK(f.step().due == f.p->time.now() + 60);
  f.p.pass(stet::duration(60));
  f.p->advance.timeouts_and_retries.next_attempt(*f.r, f.step());
  CHECK(f.failed_with() == stet::errc::step_timed_out);
}

TEST_CASE("an attempt that never began isn't counted") {
  fixture f;
  f.p->desk.note_not_started(*f.r, f.a());
  REQUIRE(f.step().at == pending::phase::not_started);
  f.p->advance.timeouts_and_retries.next_attempt(*f.r, f.step());
  CHECK(f.step().attempt == 1);
  CHECK(f.r->attempts.size() == 2);
}

TEST_CASE("a step that has killed the process too often isn't attempted again") {
  fixture f;
  auto& timeouts_and_retries = f.p->advance.timeouts_and_retries;
  f.step().crashes = 2;
  CHECK(!timeouts_and_retries.is_convicted(f.step()));
  f.step().crashes = 3;
  CHECK(timeouts_and_retries.is_convicted(f.step()));
  timeouts_and_retries.next_attempt(*f.r, f.step());
  CHECK(f.failed_with() == stet::errc::step_crashed);
  fixture never(&one_plain_step, {.max_crashes = 0});
  never.step().crashes = 100;
  CHECK(!never.p->advance.timeouts_and_retries.is_convicted(never.step()));
}

TEST_CASE("a step that today's code doesn't wait for stalls its run") {
  fixture f;
  f.step().command = command_number(9);
  f.p->advance.timeouts_and_retries.next_attempt(*f.r, f.step());
  CHECK(f.r->state.stalled);
}

TEST_CASE(
    "the time of an attempt counts from its body's begin, and its silence from what it said") {
  fixture f;
  auto& o = f.a().body->options;
  auto left = [&] { return f.p->advance.timeouts_and_retries.time_left(f.step(), f.a()); };
  CHECK(left() == INT64_MAX);
  o.timeout = stet::duration(500);
  f.p.pass(stet::duration(300));
  CHECK(left() == 500);  // the attempt waits for a thread
  f.a().began = f.p.clock.steady().count();
  f.p.pass(stet::duration(100));
  CHECK(left() == 400);
  o.heartbeat_timeout = stet::duration(150);
  CHECK(left() == 50);
  f.a().beat = f.p.clock.steady().count();
  CHECK(left() == 150);
  o.total_timeout = stet::duration(420);  // 400 have passed
  CHECK(left() == 20);
}

TEST_CASE("an attempt whose time is up is left behind and tried again, unless it captures") {
  for (bool captures : {false, true}) {
    fixture f(captures ? &one_capturing_step : &one_plain_step);
    auto& a = f.a();
    a.body->options.timeout = stet::duration(500);
    a.at = attempt::phase::running;
    a.began = f.p.clock.steady().count();
    f.p.pass(stet::duration(500));
    f.p->advance.timeouts_and_retries.time_out(*f.r, f.step(), a);
    CHECK(a.stop);
    CHECK(a.ticket.timed_out);
    CHECK(a.ticket.left_behind == !captures);
    CHECK((f.step().at == pending::phase::retrying) == !captures);
    CHECK(a.ticket.late.find("within 500 ms") != std::string::npos);
    a.at = attempt::phase::left;
  }
}

TEST_CASE("a step whose only attempt may be made once ends when its time is up") {
  fixture f;
  auto& a = f.a();
  a.body->options.heartbeat_timeout = stet::duration(500);
  a.body->options.at_most_once = true;
  a.at = attempt::phase::running;
  a.began = f.p.clock.steady().count();
  f.p.pass(stet::duration(500));
  f.p->advance.timeouts_and_retries.time_out(*f.r, f.step(), a);
  CHECK(f.failed_with() == stet::errc::step_timed_out);
  a.at = attempt::phase::left;
}
