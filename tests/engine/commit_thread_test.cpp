// The thread that writes while the loop goes on.
#include "engine/commit/commit_thread.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

using stet::detail::commit_thread;

TEST_CASE("jobs are done one after the other, and whoever submitted them is told of each") {
  std::atomic<int> told{0};
  int done = 0;
  commit_thread c;
  CHECK(!c.started());
  c.start([&] { ++told; });
  CHECK(c.started());
  for (int i = 1; i <= 3; ++i) {
    c.submit([&] { ++done; });
    CHECK(c.wait() == nullptr);
    CHECK(c.done());
    CHECK(done == i);
  }
  c.stop();
  CHECK(told == 3);
  CHECK(!c.started());
}

TEST_CASE("what a job threw is given back once, and the next one is not held up") {
  commit_thread c;
  c.start([] {});
  c.submit([] { throw std::runtime_error("no"); });
  auto why = c.wait();
  REQUIRE(why != nullptr);
  CHECK_THROWS_AS(std::rethrow_exception(why), std::runtime_error);
  CHECK(c.wait() == nullptr);
  bool done = false;
  c.submit([&] { done = true; });
  CHECK(c.wait() == nullptr);
  CHECK(done);
}

TEST_CASE("a job that was submitted is done before the commit thread ends") {
  bool done = false;
  {
    commit_thread c;
    c.start([] {});
    c.submit([&] { done = true; });
  }
  CHECK(done);
}

TEST_CASE("a commit thread that was never started ends") {
  commit_thread c;
  c.stop();
  c.stop();
}
