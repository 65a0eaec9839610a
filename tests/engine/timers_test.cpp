// The heap of what is due: what it may forget.
#include "engine/timers.hpp"

#include <doctest/doctest.h>

using stet::detail::timers;

TEST_CASE("a purge keeps what no index says, and what the index has said") {
  timers t;
  constexpr int count = 200'000;
  t.loaded_until = 10;
  for (int run = 1; run <= count; ++run) t.add(run, std::uint64_t(run), run % 1000 == 0);
  REQUIRE(t.wants_purge());
  t.purge([](std::uint64_t run) { return run == 77; });
  CHECK(t.size() == 10 + 1 + count / 1000);
  CHECK(!t.wants_purge());
  int found = 0;
  while (auto run = t.pop_due(count)) {
    CHECK((*run <= 10 || *run == 77 || *run % 1000 == 0));
    ++found;
  }
  CHECK(found == 10 + 1 + count / 1000);
}

TEST_CASE("a heap of which nothing may be forgotten isn't purged at every turn") {
  timers t;
  t.loaded_until = 0;
  for (int run = 1; run <= 200'000; ++run) t.add(run, std::uint64_t(run), true);
  REQUIRE(t.wants_purge());
  t.purge([](std::uint64_t) { return false; });
  CHECK(t.size() == 200'000);
  CHECK(!t.wants_purge());
}

TEST_CASE("a hint that is given again is there once, and stays if one of them has to") {
  timers t;
  t.loaded_until = 0;
  for (int i = 0; i < 1000; ++i) t.add(5, 7, i == 500);
  CHECK(t.size() == 1);
  t.purge([](std::uint64_t) { return false; });
  CHECK(t.size() == 1);
  CHECK(!t.pop_due(4));
  CHECK(t.pop_due(5) == 7u);
  CHECK(t.size() == 0);
}
