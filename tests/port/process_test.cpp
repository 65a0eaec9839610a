#include "port/process.hpp"

#include <doctest/doctest.h>

#include "port/clocks.hpp"
#include "port/random.hpp"
#include "tests/support/child_process.hpp"

using namespace stet_tests;
namespace port = stet::port;

TEST_CASE("a process has a number of its own") {
  CHECK(port::process_id() == ::getpid());
  child_process child(
      [](int pipe) { child_process::tell(pipe, std::to_string(port::process_id())); });
  CHECK(child.hear_all() == std::to_string(child.pid()));
}

TEST_CASE("the machine's uptime rises") {
  const auto first = port::uptime();
  if (!first) return;
  CHECK(first->count() > 0);
  CHECK(port::uptime() >= first);
}

TEST_CASE("random bits differ from call to call") {
  std::uint64_t one = 0, other = 0;
  REQUIRE(port::random_bits(one));
  REQUIRE(port::random_bits(other));
  CHECK(one != other);
}
