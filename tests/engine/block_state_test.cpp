// The state of the block that is on its way.
#include "engine/runs/block_state.hpp"

#include <doctest/doctest.h>

using namespace stet::detail;

TEST_CASE("while no block is on its way none is among them, not even block 0") {
  block_state b;
  CHECK(!b.is_on_its_way());
  CHECK(!b.has(0));
  CHECK(!b.has(1));
}

TEST_CASE("a block on its way counts with all that were joined to it") {
  block_state b;
  b.first = 4;
  b.last = 6;
  CHECK(b.is_on_its_way());
  CHECK(!b.has(3));
  CHECK(b.has(4));
  CHECK(b.has(5));
  CHECK(b.has(6));
  CHECK(!b.has(7));
  CHECK(!b.has(0));  // a run that was never sliced
}
