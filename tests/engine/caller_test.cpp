// Updates that one run sends to another.
#include "engine/runs/caller.hpp"

#include <doctest/doctest.h>

using namespace stet::detail;

TEST_CASE("the id of a call says which command of which run waits for its answer") {
  for (caller c : {caller{run_number(1), command_number(1)},
                   caller{run_number(UINT64_MAX), command_number(UINT32_MAX)},
                   caller{run_number(7), command_number(0)}}) {
    auto id = call_id(c);
    CHECK(is_call_id(id));
    auto found = caller_of(id);
    REQUIRE(found);
    CHECK(found->run == c.run);
    CHECK(found->command == c.command);
  }
}

TEST_CASE("an id that a user has given is no call's") {
  CHECK(!is_call_id("order-1"));
  CHECK(!is_call_id(""));
  for (auto id : {"", "order-1", "stet:", "stet:x", "stet:1"}) CHECK(!caller_of(id));
}
