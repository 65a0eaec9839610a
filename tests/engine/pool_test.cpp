// Threads that run the bodies of steps.
#include "engine/bodies/pool.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <future>

using namespace stet::detail;

namespace {

struct job final : stet::work {
  explicit job(std::function<void()> f) : what(std::move(f)) {}
  void run() noexcept override { what(); }
  stet::step_attempt about() const noexcept override { return {}; }
  void count_time() noexcept override {}
  std::function<void()> what;
};

/// Something that happens on another thread. The wait for it is long, so only a hang fails.
struct event {
  void happens() { promise.set_value(); }
  bool wait() { return seen.wait_for(std::chrono::minutes(2)) == std::future_status::ready; }
  std::promise<void> promise;
  std::shared_future<void> seen{promise.get_future()};
};

}  // namespace

TEST_CASE("a chain of work is run in its order, each once") {
  std::vector<int> ran;
  event done;
  job a([&] { ran.push_back(1); }), b([&] { ran.push_back(2); }), c([&] {
    ran.push_back(3);
    done.happens();
  });
  a.next = &b;
  b.next = &c;
  pool p(1);
  p.submit(nullptr);
  p.submit(&a);
  CHECK(done.wait());
  CHECK(p.stop() == nullptr);
  CHECK(ran == std::vector<int>{1, 2, 3});
}

TEST_CASE("a pool that has stopped begins nothing, and gives back what it is given") {
  bool ran = false;
  job a([&] { ran = true; }), b([&] { ran = true; });
  pool p(2);
  CHECK(p.stop() == nullptr);
  p.submit(&a);
  p.submit(&b);
  CHECK(p.stop() == &a);
  CHECK(a.next == &b);
  CHECK(!ran);
  CHECK(p.stop() == nullptr);
}

TEST_CASE("what waits behind a body is given back when that is left behind") {
  static pool& p = *new pool(1);  // never destroyed
  event begun, goes_on, over;
  job a([&] {
    begun.happens();
    (void)goes_on.wait();
    over.happens();
  });
  job b([] {});
  p.submit(&a);
  REQUIRE(begun.wait());
  p.submit(&b);
  CHECK(p.leave() == &b);
  goes_on.happens();
  CHECK(over.wait());
}

TEST_CASE("another body runs in the place of one that waits, however few threads there are") {
  event answer, over;
  bool heard = false;
  pool p(1);
  job waits([&] {
    CHECK(p.lend());
    heard = answer.wait();
    p.give_back();
    over.happens();
  });
  job answers([&] { answer.happens(); });
  waits.next = &answers;
  p.submit(&waits);
  CHECK(over.wait());
  CHECK(heard);
  p.stop();
}
