#include "port/fork.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/child_process.hpp"

using namespace stet_tests;
namespace port = stet::port;

TEST_CASE("each fork is a generation") {
  const unsigned here = port::fork_generation();
  CHECK(port::fork_generation() == here);
  child_process child([&](int pipe) {
    std::string said = std::to_string(port::fork_generation() - here);
    child_process grandchild([&](int inner) {
      child_process::tell(inner, std::to_string(port::fork_generation() - here));
    });
    child_process::tell(pipe, said + " " + grandchild.hear_all());
  });
  CHECK(child.hear_all() == "1 2");
  CHECK(port::fork_generation() == here);
}

namespace {

std::string calls;

}  // namespace

TEST_CASE("a fork is told before, in the parent and in the child") {
  port::at_fork([] { calls += "before "; }, [] { calls += "parent"; }, [] { calls += "child"; });
  child_process child([&](int pipe) { child_process::tell(pipe, calls); });
  CHECK(child.hear_all() == "before child");
  CHECK(calls == "before parent");
}
