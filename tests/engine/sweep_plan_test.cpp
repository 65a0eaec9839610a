// How long runs are kept.
#include "engine/runs/sweep_plan.hpp"

#include <doctest/doctest.h>

using namespace stet::detail;

TEST_CASE("a namespace has the engine's retention, unless it has one of its own") {
  sweep_plan p;
  p.keep["short"] = stet::duration(5);
  p.keep["kept"] = stet::duration(0);
  CHECK(p.retention_of("short", stet::duration(100)) == 5);
  CHECK(p.retention_of("kept", stet::duration(100)) == 0);
  CHECK(p.retention_of("other", stet::duration(100)) == 100);
  CHECK(p.retention_of("other", stet::duration(0)) == 0);
}
