// The host's clock, as bodies of steps use it.
#include "engine/bodies/body_clock.hpp"

#include <doctest/doctest.h>

#include <memory>

#include <stet/test_doubles.hpp>

using namespace stet::detail;

TEST_CASE("a body that was left behind sees the time of then, though the clock is gone") {
  auto world = std::make_unique<stet::testing::virtual_clock>();
  body_clock c(*world);
  auto first = c.steady_ms();
  world->advance(stet::duration(5));
  CHECK(c.steady_ms() == first + 5);
  c.leave();
  world.reset();
  CHECK(c.steady_ms() == first + 5);
  c.leave();
  CHECK(c.steady_ms() == first + 5);
}
