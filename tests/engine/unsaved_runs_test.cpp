// Runs with records that the store has in blocks only.
#include "engine/runs/unsaved_runs.hpp"

#include <doctest/doctest.h>

using namespace stet::detail;

TEST_CASE("a run waits since its first unsaved record, and the oldest comes first") {
  unsaved_runs u;
  resident a, b;
  a.state.run = run_number(1);
  b.state.run = run_number(2);
  CHECK(!u.has_since(UINT64_MAX));
  u.add(b, 10);
  u.add(a, 11);
  u.add(b, 12);  // it waits already
  CHECK(b.dirty_since == 10);
  CHECK(!u.has_since(9));
  CHECK(u.has_since(10));
  auto first = u.pop();
  CHECK(first.run == run_number(2));
  CHECK(first.since == 10);
  CHECK(!u.has_since(10));
  CHECK(u.pop().run == run_number(1));
  CHECK(!u.has_since(UINT64_MAX));
}

TEST_CASE("an entry is out of date when its run was written and has changed again") {
  unsaved_runs u;
  resident r;
  r.state.run = run_number(1);
  u.add(r, 10);
  r.dirty_since = 0;  // it was written
  u.add(r, 20);
  auto old = u.pop();
  CHECK(old.since != r.dirty_since);
  CHECK(u.pop().since == r.dirty_since);
}

TEST_CASE("when all are forgotten none waits") {
  unsaved_runs u;
  resident r;
  u.add(r, 10);
  u.clear();
  CHECK(!u.has_since(UINT64_MAX));
}
