// The time from one step to the next: from the end of a body to the beginning of the next one. In
// between, the first step's result and the second step's command become durable.
#include <atomic>
#include <chrono>
#include <thread>

#include <stet/stet.hpp>

#include "bench.hpp"
#include "limits.hpp"
#include "load.hpp"
#include "place.hpp"

namespace bench {
namespace {

using clock = std::chrono::steady_clock;

constexpr int steps_per_turn = 20;  // after these, as many appends by hand

/// The measurements of the bodies. One runs at a time.
struct notes {
  raw_log* raw = nullptr;
  std::vector<double> steps, appends;  // microseconds
  clock::time_point last_end{};
  int step = 0;
};
notes now;

std::string timed_result() {
  auto begin = clock::now();
  if (now.step++ > 0)
    now.steps.push_back(std::chrono::duration<double, std::micro>(begin - now.last_end).count());
  if (now.raw && now.step % steps_per_turn == 0)
    for (auto l : now.raw->latencies(steps_per_turn)) now.appends.push_back(l);
  now.last_end = clock::now();
  return std::string(result_bytes, 'x');
}

inline constexpr stet::workflow<void(std::uint32_t, bool)> Timed{"timed"};
stet::task<void> timed(stet::context& ctx, std::uint32_t steps, bool run_inline) {
  for (; steps > 0; --steps) co_await ctx.step("step", {.run_inline = run_inline}, timed_result);
}

void measure(const job& j, const std::string& store, bool run_inline, const std::string& bench) {
  if (!j.wants(bench + "_p50") && !j.wants(bench + "_p99")) return;
  folder where(j.set.dir);
  raw_log raw(where.path(), j.record_bytes);
  stet::engine e(open_store(store, where), {.threads = 2, .tail_bytes_max = 256u << 10});
  e.define(Timed, timed);
  e.start();
  now = {};
  if (store != "memory") now.raw = &raw;
  auto begin = clock::now();
  auto enough = std::chrono::milliseconds(j.set.quick ? 500 : 10'000);
  for (int round = 0; round < 4 && clock::now() - begin < enough; ++round) {
    now.step = 0;
    e.start(Timed, "run-" + std::to_string(round), j.set.quick ? 200 : 1000, run_inline).result();
  }
  auto say = [&](const char* what, double p) {
    row r{bench + what, store, 1, percentile(now.steps, p), "us"};
    if (now.raw) {
      r.limit = percentile(now.appends, p);
      r.limit_spread = percentiles(now.appends);
    }
    r.spread = percentiles(now.steps);
    if (j.wants(r.bench)) j.out.add(r);
  };
  say("_p50", 0.5);
  say("_p99", 0.99);
}

}  // namespace

void measure_latency(const job& j) {
  for (auto& store : j.stores()) {
    measure(j, store, false, "latency");
    measure(j, store, true, "latency_inline");
  }
}

}  // namespace bench
