// Attempts and heartbeats that come back from the bodies of steps.
#include "engine/bodies/bodies.hpp"

#include <thread>

#include "one_step.hpp"

using namespace stet_tests;

TEST_CASE("what comes back from threads is taken in its order, and counts no longer") {
  one_step a([] {}), b([] {});
  auto& home = a.p->bodies;
  home.threads.outstanding = 2;
  CHECK(!home.has_returned());
  std::thread([&] {
    home.returned(a.a);
    home.returned(b.a);
  }).join();
  CHECK(home.has_something());
  auto row = home.take_from_threads();
  CHECK(home.threads.outstanding == 0);
  CHECK(!home.has_something());
  CHECK(row.pop() == &a.a);
  CHECK(row.pop() == &b.a);
  CHECK(row.empty());
}

TEST_CASE("what comes back after a close with a limit was counted before") {
  one_step a([] {});
  auto& home = a.p->bodies;
  home.threads.outstanding = 0;
  std::thread([&] { home.returned(a.a); }).join();
  (void)home.take_from_threads();
  CHECK(home.threads.outstanding == 0);
}

TEST_CASE("what comes back on the loop's own thread is in a row of its own") {
  one_step a([] {});
  a.p->bodies.returned(a.a);
  CHECK(!a.p->bodies.has_returned());
  CHECK(a.p->bodies.inline_returned.pop() == &a.a);
}

TEST_CASE("of what an attempt says only the latest counts") {
  one_step a([] {});
  auto& home = a.p->bodies;
  home.heartbeat(a.a, "one");
  home.heartbeat(a.a, "two");
  a.a.order.number = 2;
  home.heartbeat(a.a, "three");
  CHECK(home.has_something());
  auto said = home.take_heartbeats();
  REQUIRE(said.size() == 2);
  CHECK(said[{run_number(1), command_number(2), 1}] == "two");
  CHECK(said[{run_number(1), command_number(2), 2}] == "three");
  CHECK(!home.has_something());
  CHECK(home.take_heartbeats().empty());
  CHECK(a.a.beat == a.p.clock.steady().count());
}

TEST_CASE("nothing is kept of what is said to an engine that has failed") {
  one_step a([] {});
  a.p->inbox.fail(std::make_exception_ptr(stet::error(stet::errc::store, "x", "y")));
  a.p->bodies.heartbeat(a.a, "one");
  CHECK(!a.p->bodies.has_something());
}
