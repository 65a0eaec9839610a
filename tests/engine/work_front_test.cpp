// The work that comes next, which threads take without a lock.
#include "engine/bodies/work_front.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <deque>
#include <thread>
#include <vector>

using namespace stet::detail;

namespace {

struct job final : ranked_work {
  void run() noexcept override { ++times; }
  stet::step_attempt about() const noexcept override { return {}; }
  void count_time() noexcept override {}
  std::atomic<int> times{0};
};

/// A queue with this many jobs, each in its place in the order.
struct jobs {
  explicit jobs(std::size_t count) : all(count) {
    for (auto& j : all) {
      j.rank = ++last_rank;
      queue.push(&j);
    }
  }
  std::int64_t last_rank = 0;
  std::deque<job> all;
  work_queue queue;
};

}  // namespace

TEST_CASE("work is taken in the order of the queue, and counted") {
  jobs j(3);
  work_front front;
  CHECK(front.take() == nullptr);
  for (std::size_t i = 0; i < 3; ++i) {
    front.fill(j.queue);
    CHECK(front.size() == 1);
    CHECK(front.begun() == i);
    CHECK(j.all[i].turn() == 0);
    CHECK(front.take() == &j.all[i]);
    CHECK(j.all[i].turn() == i + 1);
    CHECK(front.empty());
  }
  front.fill(j.queue);
  CHECK(front.take() == nullptr);
  CHECK(front.begun() == 3);
}

TEST_CASE("as long as little waits, what comes later may still go before it") {
  jobs j(2);
  work_front front;
  front.fill(j.queue);
  job older;
  j.queue.push(&older);
  CHECK(front.take() == &j.all[0]);
  front.fill(j.queue);
  CHECK(front.take() == &older);
}

TEST_CASE("of much work an eighth comes next, but no more than there is room for") {
  jobs few(24), many(1000);
  work_front front;
  front.fill(few.queue);
  CHECK(front.size() == 3);
  front.fill(many.queue);  // there is something left
  CHECK(front.size() == 3);
  while (front.take()) {}
  front.fill(many.queue);
  CHECK(front.size() == work_front::room);
  CHECK(many.queue.size() == 1000 - work_front::room);
  for (std::size_t i = 0; i < work_front::room; ++i) CHECK(front.take() == &many.all[i]);
  CHECK(front.take() == nullptr);
}

TEST_CASE("threads take each work once, while it is filled again and again") {
  constexpr std::size_t count = 20'000;
  jobs j(count);
  work_front front;
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      while (!over || !front.empty())
        if (auto* w = front.take()) w->run();
    });
  while (!j.queue.empty()) {
    front.fill(j.queue);
    if (auto* w = front.take()) w->run();
  }
  over = true;
  for (auto& t : threads) t.join();
  CHECK(front.begun() == count);
  std::size_t once = 0;
  for (auto& a : j.all) once += a.times == 1;
  CHECK(once == count);
}
