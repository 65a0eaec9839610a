// How calls reach the loop.
#include "engine/door/inbox.hpp"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "parts.hpp"

using namespace stet_tests;

namespace {

std::exception_ptr some_error() {
  return std::make_exception_ptr(stet::error(stet::errc::busy, "engine", "not now"));
}

}  // namespace

TEST_CASE("calls are taken together, and performed in the order in which they came") {
  inbox i;
  noted_call a, b;
  CHECK(!i.take());
  i.post(a);
  i.post(b);
  CHECK(i.has_calls());
  REQUIRE(i.take());
  CHECK(!i.has_calls());
  CHECK(i.next() == &a);
  CHECK(i.next() == &b);
  CHECK(i.next() == nullptr);
  a.done();
  b.done();
  CHECK(a.is_done());
}

TEST_CASE("when a close has begun, or the engine has failed, a call is refused, and says why") {
  inbox closing, failing;
  noted_call c;
  CHECK(closing.begin_close());
  CHECK(!closing.begin_close());
  CHECK(closing.is_over());
  CHECK_THROWS_WITH_AS(closing.post(c), doctest::Contains("closed"), stet::error);
  failing.fail(some_error());
  CHECK(failing.is_over());
  CHECK_THROWS_WITH_AS(failing.post(c), doctest::Contains("not now"), stet::error);
  CHECK_THROWS_AS(failing.throw_if_over(), stet::error);
}

TEST_CASE("some calls fail in the midst of a turn: not the one that is performed") {
  inbox i;
  noted_call performed, taken, meant, waiting;
  meant.of_body = waiting.of_body = performed.of_body = true;
  i.post(performed);
  i.post(taken);
  i.post(meant);
  i.take();
  CHECK(i.next() == &performed);
  i.post(waiting);
  int forgotten = 0;
  i.fail_some(some_error(), [](const call& c) { return c.of_body; }, [&](call&) { ++forgotten; });
  CHECK(!performed.is_done());
  CHECK(!taken.is_done());
  CHECK(meant.error().find("not now") != std::string::npos);
  CHECK(waiting.error().find("not now") != std::string::npos);
  CHECK(forgotten == 1);
  CHECK(i.next() == &taken);
  CHECK(i.next() == nullptr);
  i.fail_all(some_error());
  CHECK(taken.is_done());
  CHECK(performed.is_done());
}

TEST_CASE("a call that comes wakes a loop that sleeps") {
  inbox i;
  noted_call c;
  std::thread caller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    i.post(c);
  });
  i.sleep_until(std::chrono::steady_clock::now() + std::chrono::hours(1), [] { return false; });
  CHECK(i.take());
  c.done();
  caller.join();
}

TEST_CASE("a loop that has work doesn't sleep") {
  inbox i;
  i.sleep_until(std::chrono::steady_clock::now() + std::chrono::hours(1), [] { return true; });
}

TEST_CASE("wake-ups that come together are one: the loop sleeps the next time") {
  inbox i;
  const auto in_an_hour = std::chrono::steady_clock::now() + std::chrono::hours(1);
  std::vector<std::thread> all;
  std::atomic<int> came{0};
  for (int n = 0; n < 4; ++n)
    all.emplace_back([&] {
      ++came;
      i.wake_if_asleep();
      i.wake();
    });
  i.sleep_until(in_an_hour, [&] { return came > 0; });
  for (auto& t : all) t.join();
  i.wake();  // the loop is awake: it doesn't sleep the next time
  i.sleep_until(in_an_hour, [] { return false; });
  const auto soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  i.sleep_until(soon, [] { return false; });
  CHECK(std::chrono::steady_clock::now() >= soon);
}

TEST_CASE("what comes while a loop is being woken is there when it looks") {
  constexpr int count = 2000;
  inbox i;
  std::atomic<int> came{0};
  std::thread other([&] {
    for (int n = 0; n < count; ++n) {
      ++came;
      i.wake_if_asleep();
    }
  });
  const auto in_an_hour = std::chrono::steady_clock::now() + std::chrono::hours(1);
  for (int taken = 0; taken < count;) {
    if (came == taken) i.sleep_until(in_an_hour, [&] { return came > taken; });
    taken = came;
  }
  other.join();
  CHECK(came == count);
}
