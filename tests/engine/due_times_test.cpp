// When something is due, by today's clock.
#include "engine/time/due_times.hpp"

#include <doctest/doctest.h>

#include <stet/test_doubles.hpp>

using namespace stet::detail;

namespace {

constexpr engine_time start(stet::testing::virtual_clock::epoch);

struct fixture {
  fixture() { clock.start(std::nullopt, {}, {record_lsn(10), run_number(10)}); }
  stet::testing::virtual_clock world;
  engine_clock clock{world};
  due_times due{clock};
};

pending sleeping(engine_time due, record_lsn lsn, std::uint8_t flags = 0) {
  pending p;
  p.kind = wait_kind::sleep;
  p.flags = flags;
  p.due = due;
  p.due_since = start;
  p.lsn = lsn;
  return p;
}

}  // namespace

TEST_CASE("what was recorded in this life is due as it was recorded") {
  fixture f;
  CHECK(f.due.of(sleeping(start + 500, record_lsn(11))) == start + 500);
}

TEST_CASE("what began in an earlier life waits no longer than its whole length from this start") {
  fixture f;
  auto p = sleeping(start + 90'000, record_lsn(3));
  p.due_since = start + 80'000;  // by a clock that was ahead
  CHECK(f.due.of(p) == start + 10'000);
}

TEST_CASE("a named time comes when the wall clock says so, however far that is behind") {
  fixture f;
  auto p = sleeping(start + 500, record_lsn(11), flag::sleep::absolute);
  CHECK(f.due.of(p) == start + 500);
  f.world.set(stet::duration(-60'000));
  f.clock.tick({record_lsn(11), run_number(11)});
  CHECK(f.due.of(p) == start + 60'500);
  CHECK(f.due.next_look(p) == start + 500);  // the clock may be set right by then
}

TEST_CASE("a run's next time is the earliest of its deadline and what it waits for") {
  fixture f;
  run_state s;
  s.run = s.first = run_number(1);
  CHECK(f.due.next_of(s) == engine_time::never());
  s.deadline = start + 900;
  CHECK(f.due.next_of(s) == start + 900);
  auto p = sleeping(start + 500, record_lsn(11));
  p.command = command_number(1);
  s.waits_for.add(command_number(1), std::move(p));
  CHECK(f.due.next_of(s) == start + 500);
  s.begins_at = start + 700;  // none of its code has run
  CHECK(f.due.next_of(s) == start + 700);
}

TEST_CASE("limits of a step count from its emission, and none is for ever") {
  fixture f;
  pending p;
  p.armed = start + 100;
  p.lsn = record_lsn(11);
  stet::step_options o;
  CHECK(f.due.total_deadline(p, o) == engine_time::never());
  CHECK(f.due.last_attempt(p, o) == engine_time::never());
  o.total_timeout = stet::duration(1000);
  o.retry.max_elapsed = stet::duration(400);
  CHECK(f.due.total_deadline(p, o) == start + 1100);
  CHECK(f.due.last_attempt(p, o) == start + 500);
}
