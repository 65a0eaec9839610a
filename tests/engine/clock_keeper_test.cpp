// The clock's history in the store.
#include "engine/time/clock_keeper.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

constexpr auto hour = std::chrono::hours(1);

}  // namespace

TEST_CASE("the clock's history goes to the store with the first commit of an engine") {
  parts p;
  CHECK(p->time.keeper.is_unsaved());
  CHECK(!p->journal.has_something());  // the history alone is no reason for a block
  auto r = p.start("a");
  CHECK(p->commit.commit());
  CHECK(!p->time.keeper.is_unsaved());
  auto bytes = p->services.store.get(keys::clock());
  REQUIRE(bytes);
  CHECK(decode_clock_history(*bytes).time == p->time.now());
}

TEST_CASE("a clock that is set is noted with the next block, and time that passes isn't") {
  parts p;
  p.clock.advance(hour);
  p->time.keeper.update_now(true);
  CHECK(!p->journal.has_something());
  p.clock.set(-hour);
  p->time.keeper.update_now(false);
  CHECK(p->journal.has_something());
}

TEST_CASE("while the clock is known to be wrong, how far it got is noted, where timers need it") {
  parts p;
  auto r = p.start("a");
  while (p->commit.commit()) {}
  p.clock.set(-hour);
  engine_clock next(p.clock);
  clock_keeper keeper(p->services, p->journal, next);
  keeper.start();
  CHECK(keeper.doubts_index());
  keeper.update_now(false);
  CHECK(!p->journal.has_something());
  keeper.update_now(true);
  CHECK(p->journal.has_something());
}

TEST_CASE("what the store says of the clock and can't be read is reported, and as if unsaid") {
  parts p;
  auto r = p.start("a");
  while (p->commit.commit()) {}
  p.write(keys::clock(), "nonsense");
  p->time.keeper.start();
  CHECK(p.heard.heard("of the clock can't be read"));
  CHECK(!p->time.keeper.doubts_index());
  CHECK(p->time.keeper.is_unsaved());
}
