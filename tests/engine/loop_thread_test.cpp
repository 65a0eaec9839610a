// Which thread is the loop.
#include "engine/door/loop_thread.hpp"

#include <doctest/doctest.h>

using namespace stet::detail;

TEST_CASE("a thread is the loop for the time of a scope, also one within another's") {
  loop_thread outer, inner;
  CHECK(!outer.is_here());
  {
    loop_thread::as_loop here(outer);
    CHECK(outer.is_here());
    CHECK(!inner.is_here());
    {
      loop_thread::as_loop there(inner);
      CHECK(inner.is_here());
      CHECK(!outer.is_here());
    }
    CHECK(outer.is_here());
    bool is_there = true;
    std::thread([&] { is_there = outer.is_here(); }).join();
    CHECK(!is_there);
  }
  CHECK(!outer.is_here());
}

TEST_CASE("whoever waits for the loop's end gets it, with a limit or without") {
  for (bool limited : {false, true}) {
    loop_thread t;
    CHECK(!t.joinable());
    t.start(std::thread([&] {
      loop_thread::inside_body inside(t);  // enters the body, and comes back
    }));
    CHECK(t.joinable());
    if (limited) t.ends();
    using clock = std::chrono::steady_clock;
    CHECK(t.join(limited ? std::optional(clock::now() + std::chrono::hours(1)) : std::nullopt));
    CHECK(!t.joinable());
  }
}

TEST_CASE("a loop that stays in a body is left there when the time is over") {
  static loop_thread& t = *new loop_thread;  // kept for ever, as an engine is
  static std::atomic<bool> goes_on{false};
  static std::atomic<bool> inside{false};
  t.start(std::thread([] {
    loop_thread::inside_body body(t);
    inside = true;
    inside.notify_all();
    goes_on.wait(false);  // never ends
  }));
  inside.wait(false);
  CHECK(!t.join(std::chrono::steady_clock::now()));
  CHECK(!t.joinable());
}
