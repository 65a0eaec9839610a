// Attempts that have come back from threads.
#include "engine/bodies/returned_lists.hpp"

#include <algorithm>
#include <deque>
#include <thread>
#include <vector>

#include "one_step.hpp"

using namespace stet_tests;

namespace {

/// Takes all, the earliest of each thread first.
std::vector<attempt*> take_all(returned_lists& lists) {
  std::vector<attempt*> all;
  lists.take([&](attempt& a) { all.insert(all.begin(), &a); });
  return all;
}

}  // namespace

TEST_CASE("what one thread gives back is taken in its order, and once") {
  one_step a([] {}), b([] {}), c([] {});
  returned_lists lists;
  CHECK(lists.empty());
  CHECK(take_all(lists).empty());
  lists.push(a.a);
  lists.push(b.a);
  CHECK(!lists.empty());
  CHECK(take_all(lists) == std::vector<attempt*>{&a.a, &b.a});
  CHECK(lists.empty());
  lists.push(c.a);
  CHECK(take_all(lists) == std::vector<attempt*>{&c.a});
}

TEST_CASE("more threads than lists lose nothing, while the loop takes") {
  constexpr std::size_t threads = 12, each = 16;
  one_step s([] {});
  std::deque<std::deque<attempt>> attempts(threads);
  for (auto& mine : attempts)
    for (std::size_t i = 0; i < each; ++i)
      mine.emplace_back(s.p->bodies, s.run, s.run.state, *s.a.body);
  returned_lists lists;
  std::vector<std::thread> running;
  running.reserve(threads);
  for (auto& mine : attempts)
    running.emplace_back([&lists, &mine] {
      for (auto& a : mine) lists.push(a);
    });
  std::vector<attempt*> all;
  while (all.size() < threads * each)
    for (auto* a : take_all(lists)) all.push_back(a);
  for (auto& t : running) t.join();
  CHECK(lists.empty());
  for (auto& mine : attempts) {
    auto at = all.begin();  // those of one thread are in its order
    for (auto& a : mine) {
      at = std::find(at, all.end(), &a);
      REQUIRE(at != all.end());
    }
  }
}
