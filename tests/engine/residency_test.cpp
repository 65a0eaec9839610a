// Engines that keep no coroutines in memory.
#include <numeric>
#include <vector>

#include "probe.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> Wide{"wide"};
inline constexpr stet::signal<int> Ball{"ball"};
inline constexpr stet::workflow<int(int)> Catcher{"catcher"};

stet::task<int> wide(stet::context&, int n) {
  std::vector<int> numbers(static_cast<std::size_t>(n), 1);
  auto got = co_await stet::map(
      numbers, [](stet::context& c, int& i) { return c.step("s", [](int x) { return x; }, i); });
  co_return std::accumulate(got.begin(), got.end(), 0);
}
stet::task<int> catcher(stet::context& ctx, int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) sum += co_await ctx.receive(Ball);
  co_return sum;
}

void define(stet::engine& e) {
  e.define(Wide, wide);
  e.define(Catcher, catcher);
}

/// How many records are replayed while a run has `n` steps at once.
std::uint64_t records_replayed(int n) {
  world w(cell{.resident = 0});
  w.open(define);
  auto run = w.engine().start(Wide, "wide", n);
  w.settle();
  CHECK(run.result() == n);
  return w.engine().internals().parts.drive.frames.records_replayed();
}

}  // namespace

TEST_CASE("without coroutines in memory a fan-out costs each step the same, however wide it is") {
  CHECK(records_replayed(2000) <= 12 * records_replayed(200));
}

TEST_CASE("without coroutines in memory none is left after a turn, however long its history is") {
  world w(cell{.resident = 0});
  w.open(define);
  auto& e = w.engine();
  auto run = e.start(Catcher, "catcher", 400);
  for (int i = 0; i < 400; ++i) {
    run.signal(Ball, 1);
    if (i < 399) CHECK(e.internals().parts.runs.frames.size() == 0);
  }
  w.settle();
  CHECK(run.result() == 400);
  CHECK(in_memory(e) == 0);
}
