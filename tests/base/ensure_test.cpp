#include "base/ensure.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_CASE("a rule that is broken says which, and where") {
  stet::detail::ensure(true, "never said");
  try {
    stet::detail::ensure(false, "what is durable has been recorded");
    FAIL("it went on");
  } catch (const stet::detail::broken_invariant& e) {
    CHECK(std::string(e.what()).find("what is durable has been recorded (ensure_test.cpp:") == 0);
  }
}
