// Runs with records that the store has in blocks only.
#include "engine/runs/unsaved_runs.hpp"

#include <doctest/doctest.h>

using namespace stet::detail;

TEST_CASE("a run waits since its first unsaved record, and the oldest comes first") {
  unsaved_runs u;
  resident a, b;
  a.state.run = run_number(1);
  b.state.run = run_number(2);
  CHECK(!u.has_since(record_lsn::max()));
  u.add(b, record_lsn(10));
  u.add(a, record_lsn(11));
  u.add(b, record_lsn(12));  // it waits already
  CHECK(b.dirty_since == record_lsn(10));
  CHECK(!u.has_since(record_lsn(9)));
  CHECK(u.has_since(record_lsn(10)));
  auto first = u.pop();
  CHECK(first.run == run_number(2));
  CHECK(first.since == record_lsn(10));
  CHECK(!u.has_since(record_lsn(10)));
  CHECK(u.pop().run == run_number(1));
  CHECK(!u.has_since(record_lsn::max()));
}

TEST_CASE("an entry is out of date when its run was written and has changed again") {
  unsaved_runs u;
  resident r;
  r.state.run = run_number(1);
  u.add(r, record_lsn(10));
  r.dirty_since = no_lsn;  // it was written
  u.add(r, record_lsn(20));
  auto old = u.pop();
  CHECK(old.since != r.dirty_since);
  CHECK(u.pop().since == r.dirty_since);
}

TEST_CASE("when all are forgotten none waits") {
  unsaved_runs u;
  resident r;
  u.add(r, record_lsn(10));
  u.clear();
  CHECK(!u.has_since(record_lsn::max()));
}
