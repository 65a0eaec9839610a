// Which heartbeats are recorded.
#include "engine/steps/beat_book.hpp"

#include <doctest/doctest.h>

using namespace stet::detail;

namespace {

constexpr std::int64_t second = 1000, hour = 3600 * second, day = 24 * hour;

beating attempt_number(std::uint32_t n) { return {run_number(1), command_number(1), n}; }
const beating one = attempt_number(1);

}  // namespace

TEST_CASE("the first heartbeat of each attempt is recorded at once") {
  beat_book b;
  CHECK(b.latest(one) == nullptr);
  CHECK(b.take(one, "a", 0));
  CHECK(b.take(attempt_number(2), "a", 0));
  REQUIRE(b.latest(one));
  CHECK(*b.latest(one) == "a");
  CHECK(b.next() == INT64_MAX);
}

TEST_CASE("of many in a second the latest is kept, and is due after that second") {
  beat_book b;
  CHECK(b.take(one, "a", 0));
  CHECK(!b.take(one, "b", 1));
  CHECK(!b.take(one, "c", 999));
  CHECK(*b.latest(one) == "c");
  CHECK(b.next() == 1000);
  CHECK(b.take_due(999, false).empty());
  auto due = b.take_due(1000, false);
  REQUIRE(due.size() == 1);
  CHECK(due[0].first == one);
  CHECK(due[0].second == "c");
  CHECK(b.next() == INT64_MAX);
  CHECK(!b.take(one, "d", 1500));
  CHECK(b.take(one, "e", 2000));
  CHECK(b.next() == INT64_MAX);  // what was kept is superseded
}

TEST_CASE("a heartbeat that says the same again is no news") {
  beat_book b;
  CHECK(b.take(one, "a", 0));
  CHECK(!b.take(one, "a", day));
  CHECK(b.next() == INT64_MAX);
}

TEST_CASE("what is kept of an attempt that is over is given back") {
  beat_book b;
  CHECK(!b.forget(one));
  CHECK(b.take(one, "a", 0));
  CHECK(!b.take(one, "b", 1));
  CHECK(b.forget(one) == "b");
  CHECK(b.next() == INT64_MAX);
  CHECK(b.take(one, "c", 2));  // as for a new one
  CHECK(!b.forget(one));
}

TEST_CASE("at a close everything that is kept is taken") {
  beat_book b;
  for (std::uint32_t n = 1; n <= 3; ++n) {
    CHECK(b.take(attempt_number(n), "a", 0));
    CHECK(!b.take(attempt_number(n), "b", 1));
  }
  CHECK(b.take_due(1, true).size() == 3);
  CHECK(b.take_due(1, true).empty());
}

TEST_CASE("an attempt of a year that reports each second has two thousand records at most") {
  beat_book b;
  int records = 0;
  std::int64_t worst = 0, last = 0;
  for (std::int64_t now = 0; now < 365 * day; now += second) {
    bool is_recorded = b.take(one, std::to_string(now), now) || !b.take_due(now, false).empty();
    if (is_recorded) {
      ++records;
      last = now;
    }
    if (now > 100 * second) worst = std::max(worst, (now - last) * 1000 / now);  // per mille
  }
  CHECK(records < 2000);
  CHECK(worst <= 20);
}
