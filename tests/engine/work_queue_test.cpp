// Attempts that wait for a thread, by rank and then in the order in which they came.
#include "engine/bodies/work_queue.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <random>
#include <set>
#include <utility>
#include <vector>

using namespace stet::detail;

namespace {

struct job final : ranked_work {
  explicit job(std::int64_t r, int n = 0) : number(n) { rank = r; }
  void run() noexcept override {}
  stet::step_attempt about() const noexcept override { return {}; }
  void count_time() noexcept override {}
  int number;
};

int number_of(const stet::work* w) { return static_cast<const job*>(w)->number; }

}  // namespace

TEST_CASE("an empty queue has nothing") {
  work_queue q;
  q.push(nullptr);
  CHECK(q.empty());
  CHECK(q.pop() == nullptr);
  CHECK(q.take_all() == nullptr);
}

TEST_CASE("the lowest rank goes first, and of equal ones the one that came first") {
  job a(2, 1), b(1, 2), c(2, 3), d(1, 4);
  a.next = &b;
  b.next = &c;
  c.next = &d;
  work_queue q;
  q.push(&a);
  CHECK(q.size() == 4);
  std::vector<int> order;
  while (auto* w = q.pop()) {
    CHECK(w->next == nullptr);
    order.push_back(number_of(w));
  }
  CHECK(order == std::vector<int>{2, 4, 1, 3});
  CHECK(q.empty());
}

TEST_CASE("all that waits is taken as a chain in its order") {
  job a(3, 1), b(1, 2), c(2, 3);
  work_queue q;
  q.push(&a);
  q.push(&b);
  q.push(&c);
  std::vector<int> order;
  for (auto* w = q.take_all(); w; w = w->next) order.push_back(number_of(w));
  CHECK(order == std::vector<int>{2, 3, 1});
  CHECK(q.size() == 0);
}

TEST_CASE("any mix of coming and going has the order of a sorted set") {
  std::mt19937 dice(1);
  work_queue q;
  std::deque<job> jobs;
  std::set<std::pair<std::int64_t, int>> sorted;
  for (int i = 0; i < 20'000; ++i) {
    if (dice() % 5 < 3) {
      jobs.emplace_back(static_cast<std::int64_t>(dice() % 50), i);
      sorted.emplace(jobs.back().rank, i);
      q.push(&jobs.back());
    } else if (auto* w = q.pop()) {
      REQUIRE(number_of(w) == sorted.begin()->second);
      sorted.erase(sorted.begin());
    } else {
      REQUIRE(sorted.empty());
    }
    REQUIRE(q.size() == sorted.size());
  }
}
