// Runs that the store still shows, though they are erased.
#include "engine/runs/erased_runs.hpp"

#include <doctest/doctest.h>

using namespace stet::detail;

TEST_CASE("a run counts as erased until the block that erases it is durable") {
  erased_runs e;
  CHECK(!e.has(run_number(1)));
  e.add(run_number(1));
  CHECK(e.has(run_number(1)));
  e.committed();  // of another block
  CHECK(e.has(run_number(1)));
  e.sealed();
  CHECK(e.has(run_number(1)));
  e.committed();
  CHECK(!e.has(run_number(1)));
}

TEST_CASE("what is erased while a block is on its way waits for the next one") {
  erased_runs e;
  e.add(run_number(1));
  e.sealed();
  e.add(run_number(2));
  e.committed();
  CHECK(!e.has(run_number(1)));
  CHECK(e.has(run_number(2)));
}

TEST_CASE("what was sealed twice goes together: the second was joined to a refused block") {
  erased_runs e;
  e.add(run_number(1));
  e.sealed();
  e.add(run_number(2));
  e.sealed();
  CHECK(e.has(run_number(1)));
  CHECK(e.has(run_number(2)));
  e.committed();
  CHECK(!e.has(run_number(1)));
  CHECK(!e.has(run_number(2)));
}
