// The time from SIGKILL until all runs go on. A process is killed while many of its runs are in a
// loop of steps; then another process opens the store. A run goes on when its first new step is
// recorded and durable: then the body of its next step begins.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>
#include <tuple>
#include <vector>

#include <stet/stet.hpp>

#include "bench.hpp"
#include "child.hpp"
#include "load.hpp"
#include "place.hpp"

namespace bench {
namespace {

using clock = std::chrono::steady_clock;
constexpr std::size_t runs_most = 100'000;
constexpr double seconds_max = 1;           // for runs_most runs
constexpr std::uint32_t steps_before = 10;  // of the slowest run, before the kill

/// Counts how many bodies each run has begun, and how many runs have begun `wanted` bodies. The
/// bodies are inline, so only one thread writes.
struct progress {
  std::vector<std::uint32_t> begun;
  std::uint32_t wanted = 0;
  std::atomic<std::size_t> there{0};

  void expect(std::size_t runs, std::uint32_t bodies) {
    begun.assign(runs, 0);
    wanted = bodies;
    there = 0;
  }
  void until_all() const {
    while (there < begun.size()) std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
};
progress going;

std::string counted_result(std::uint32_t index) {
  if (++going.begun.at(index) == going.wanted) ++going.there;
  return std::string(result_bytes, 'x');
}

inline constexpr stet::workflow<void(std::uint32_t)> Busy{"busy"};
stet::task<void> busy(stet::context& ctx, std::uint32_t index) {
  for (;;)
    co_await ctx.step("step", {.run_inline = true}, [index] { return counted_result(index); });
}

double measure(const job& j, const std::string& store, std::size_t runs) {
  folder where(j.set.dir);
  child victim("recovery", store, where.path(), runs);
  victim.line();
  victim.kill();
  going.expect(runs, 2);
  auto begin = clock::now();
  stet::engine e(open_store(store, where), {.threads = 2});
  e.define(Busy, busy);
  e.start();
  going.until_all();
  return std::chrono::duration<double>(clock::now() - begin).count();
}

/// Returns the numbers of runs to measure.
std::vector<std::size_t> sizes(const job& j) {
  if (j.set.runs) return {std::min(j.set.runs, runs_most)};
  if (j.set.quick) return {2'000};
  return {10'000, runs_most};
}

}  // namespace

void recovery_child(const std::string& store, const std::string& dir, std::size_t runs) {
  going.expect(runs, steps_before);
  stet::engine e(open_store_at(store, dir), {.threads = 2});
  e.define(Busy, busy);
  e.start();
  std::vector<std::pair<std::string, std::tuple<std::uint32_t>>> all;
  all.reserve(runs);
  for (std::size_t k = 0; k < runs; ++k)
    all.emplace_back("run-" + std::to_string(k), static_cast<std::uint32_t>(k));
  e.start_all(Busy, all);  // at once, so that none is far ahead
  going.until_all();
  std::puts("all are under way");
  std::fflush(stdout);
  for (;;) ::pause();  // they go on until this process is killed
}

void measure_recovery(const job& j) {
  if (!j.wants("recovery_seconds")) return;
  for (auto& store : j.stores_on_disk())
    for (auto runs : sizes(j)) {
      std::vector<double> seconds;
      seconds.reserve(3);
      for (int round = 0; round < (j.set.quick ? 1 : 3); ++round)
        seconds.push_back(measure(j, store, runs));
      row r{"recovery_seconds", store, runs, median(seconds), "s"};
      if (runs == runs_most) r.limit = seconds_max;
      j.out.add(r);
    }
}

}  // namespace bench
