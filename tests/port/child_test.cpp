#include "tests/support/child_process.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace stet_tests;

TEST_CASE("a child tells through its pipe, and ends well") {
  const std::string much(1 << 20, 'x');
  child_process child([&](int pipe) { child_process::tell(pipe, much); });
  CHECK(child.hear_all() == much);
  CHECK(child.wait() == 0);
}

TEST_CASE("a child that throws says so") {
  child_process error([](int) { throw std::runtime_error("no"); });
  CHECK(error.hear_all() == "exception: no");
  CHECK(error.wait() != 0);
  child_process other([](int) { throw 1; });
  CHECK(other.hear_all().empty());
  CHECK(other.wait() != 0);
}

TEST_CASE("a child that says nothing is waited for with patience, and killed") {
  child_process child([](int) {
    for (;;) ::pause();
  });
  CHECK(child.pid() > 0);
  CHECK(child.hear(10).empty());
  CHECK(child.is_silent());
  CHECK(child.hear_all(10).empty());
  CHECK(child.is_silent());
  child.kill();
  CHECK(child.hear(10'000).empty());
  CHECK_FALSE(child.is_silent());
}
