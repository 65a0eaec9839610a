// Engine time.
#include "engine/time/engine_clock.hpp"

#include <doctest/doctest.h>

#include <stet/test_doubles.hpp>

using namespace stet::detail;

namespace {

constexpr engine_time at_start(stet::testing::virtual_clock::epoch);
constexpr std::int64_t hour = 3'600'000;
constexpr journal_place here{record_lsn(10), run_number(10)};

/// A clock that may know the machine's uptime.
class machine final : public stet::testing::virtual_clock {
 public:
  explicit machine(bool up, int coarse = 0) : knows_uptime(up), coarseness(coarse) {}
  std::optional<stet::duration> uptime() noexcept override {
    if (!knows_uptime) return std::nullopt;
    return steady();
  }
  stet::duration resolution() noexcept override { return stet::duration(coarseness); }
  bool knows_uptime;
  int coarseness;
};

struct fixture {
  explicit fixture(bool uptime = true, int coarse = 0) : world(uptime, coarse), clock(world) {}
  void start(engine_time last = {}) {
    std::optional<clock_history> known;
    if (last) {
      known.emplace();
      known->time = last;
      known->lsn = record_lsn(5);
    }
    clock.start(known, last, here);
  }
  void pass(std::int64_t ms) { world.advance(stet::duration(ms)); }
  void set(std::int64_t ms) { world.set(stet::duration(ms)); }
  machine world;
  engine_clock clock;
};

}  // namespace

TEST_CASE("an engine time is shown by the wall clock, which may lag") {
  for (bool uptime : {false, true}) {
    fixture f(uptime);
    f.start();
    CHECK(f.clock.on_wall(at_start + hour) == at_start + hour);
    f.pass(50);
    f.set(-hour);
    CHECK(f.clock.lag() == hour);  // before any tick
    CHECK(f.clock.on_wall(at_start + hour) == at_start);
    (void)f.clock.tick(here);
    CHECK(f.clock.on_wall(at_start + hour) == at_start);
    f.set(2 * hour);  // ahead: the next tick follows
    CHECK(f.clock.lag() == 0);
  }
}

TEST_CASE("readings that differ by no more than their coarseness are no lag") {
  fixture f(true, 20);
  f.start();
  f.set(-20);
  CHECK(f.clock.lag() == 0);
  f.set(-1);
  CHECK(f.clock.lag() == 21);
}

TEST_CASE("engine time begins with the wall clock, and stands still between two looks") {
  fixture f;
  f.start();
  CHECK(f.clock.now() == at_start);
  f.pass(50);
  CHECK(f.clock.now() == at_start);
  CHECK(f.clock.measure() == at_start + 50);
  f.clock.look();
  CHECK(f.clock.now() == at_start + 50);
  CHECK(!f.clock.tick(here));
  CHECK(f.clock.now() == at_start + 50);
}

TEST_CASE("a wall clock that is set back doesn't set engine time back") {
  fixture f;
  f.start();
  f.pass(10);
  f.set(-hour);
  CHECK(f.clock.tick(here));  // the history is to be written
  CHECK(f.clock.now() == at_start + 10);
  CHECK(f.clock.behind() == hour);
  CHECK(f.clock.due(at_start + 500, record_lsn(11)) == at_start + 500);
  CHECK(f.clock.history(here).behind == hour);
  CHECK(!f.clock.tick(here));  // it was written
}

TEST_CASE("a wall clock that is set forward takes lengths of time with it, where none passed") {
  fixture f;
  f.start();
  f.set(hour);
  CHECK(f.clock.tick({record_lsn(20), run_number(20)}));
  CHECK(f.clock.now() == at_start + hour);
  CHECK(f.clock.due(at_start + 500, record_lsn(11)) == at_start + hour + 500);
  CHECK(f.clock.due(at_start + hour + 500, record_lsn(20)) == at_start + hour + 500);
  CHECK(f.clock.since_start(500) == at_start + hour + 500);
}

TEST_CASE("where the uptime isn't known, a jump ahead is a machine that was suspended") {
  fixture f(false);
  f.start();
  f.set(hour);
  CHECK(!f.clock.tick(here));
  CHECK(f.clock.now() == at_start + hour);
  CHECK(f.clock.due(at_start + 500, record_lsn(11)) == at_start + 500);
}

TEST_CASE("a clock that is ahead by a little isn't followed: it may be set by the network") {
  fixture f;
  f.start();
  f.set(20);
  CHECK(!f.clock.tick(here));
  CHECK(f.clock.now() == at_start);
  f.set(1);
  CHECK(f.clock.tick(here));
  CHECK(f.clock.now() == at_start + 21);
}

TEST_CASE("a start behind the last time known shifts what is pending, and knows the clock wrong") {
  fixture f;
  f.start(at_start + hour);
  CHECK(f.clock.now() == at_start);
  CHECK(f.clock.due(at_start + hour + 500, record_lsn(3)) == at_start + 500);
  CHECK(f.clock.history().is_wrong());
  CHECK(f.clock.history().shifts_back());
  CHECK(f.clock.notes_progress());
  (void)f.clock.history(here);
  CHECK(!f.clock.notes_progress());  // only now and then
}

TEST_CASE("a start a moment behind the last time known goes on from that") {
  fixture f;
  f.start(at_start + 1000);
  CHECK(f.clock.now() == at_start + 1000);
  CHECK(!f.clock.history().is_wrong());
}

TEST_CASE("a coarse clock cuts no length short") {
  fixture f(true, 10);
  f.start();
  CHECK(!f.clock.is_over(at_start));
  CHECK(f.clock.is_over(at_start - 10));
  CHECK(f.clock.past() == at_start - 10);
  CHECK(f.clock.shown(at_start) == at_start + 10);
  CHECK(f.clock.whole(5) == 15);
  CHECK(f.clock.whole(INT64_MAX) >= INT64_MAX - 1);  // it never overflows
}

TEST_CASE("this life begins with the LSN of its start") {
  fixture f;
  f.start();
  CHECK(f.clock.is_of_this_life(record_lsn(10)));
  CHECK(!f.clock.is_of_this_life(record_lsn(9)));
}
