// The attempts of a run, by their steps.
#include "engine/runs/attempt_index.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "one_step.hpp"

using namespace stet_tests;

namespace {

/// Attempts of one step's body that count as attempts of the given steps.
struct some_attempts {
  explicit some_attempts(one_step& s) : of(s) {}
  attempt& add(std::uint32_t step) {
    auto& a = *owned.emplace_back(
        std::make_unique<attempt>(of.p->bodies, of.run, of.run.state, *of.a.body));
    a.order.command = command_number(step);
    all.push_back(&a);
    index.added(a, all);
    return a;
  }
  void remove(attempt& a) {
    std::erase(all, &a);
    index.removed(a);
  }
  std::vector<const attempt*> of_step(std::uint32_t step) {
    std::vector<const attempt*> found;
    looks = index.for_each(command_number(step), all, [&](attempt& a) { found.push_back(&a); });
    return found;
  }
  one_step& of;
  std::vector<std::unique_ptr<attempt>> owned;
  std::vector<attempt*> all;
  attempt_index index;
  std::size_t looks = 0;
};

}  // namespace

TEST_CASE("the attempts of a step are found among few and among many") {
  for (std::uint32_t steps : {3u, 200u}) {
    CAPTURE(steps);
    one_step s([] {});
    some_attempts some(s);
    for (std::uint32_t i = 1; i <= steps; ++i) some.add(i);
    auto& second = some.add(2);
    CHECK(some.of_step(1).size() == 1);
    CHECK(some.of_step(2).size() == 2);
    CHECK(some.of_step(steps + 1).empty());
    some.remove(second);
    CHECK(some.of_step(2) == std::vector<const attempt*>{some.all[1]});
    if (steps > attempt_index::without_index_max) CHECK(some.looks == 1);
  }
}

TEST_CASE("an index that is empty again is made again") {
  one_step s([] {});
  some_attempts some(s);
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t i = 1; i <= 40; ++i) some.add(i);
    while (!some.all.empty()) {
      auto& a = *some.all.back();
      auto step = a.order.command.value();
      CHECK(some.of_step(step).size() == 1);
      some.remove(a);
      CHECK(some.of_step(step).empty());
    }
  }
}
