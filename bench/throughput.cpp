// Durable steps per second, sustained, the checkpoint included, compared with appends to a file by
// hand.
#include <algorithm>
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

struct plan {
  std::string bench;
  std::string store;
  std::size_t concurrency = 1;
  const kind_of_run* kind = nullptr;
  stet::durability commits = stet::durability::sync;
};

/// Returns a tail that is so small that the checkpoint advances while we measure, and never above
/// the default.
std::size_t tail_bytes(std::size_t concurrency) {
  return std::clamp<std::size_t>(concurrency << 14, 256u << 10, 16u << 20);
}

/// Returns the steps per second over at least `seconds`. It counts the runs that ended between two
/// moments a whole number of generations apart, while the same number of runs is always going. A
/// generation has as many runs as go at a time.
double steps_per_second(stet::engine& e, tally& t, const plan& p, double seconds) {
  crowd c(e, t, *p.kind, p.concurrency);
  auto generation = static_cast<std::uint32_t>(p.concurrency);
  auto first = t.ended() + generation;
  t.until(first);  // all are under way
  auto begin = clock::now();
  for (auto last = first;;) {
    last += generation;
    t.until(last);
    auto passed = std::chrono::duration<double>(clock::now() - begin).count();
    if (passed >= seconds) return (last - first) * steps_per_run / passed;
  }
}

void measure(const job& j, const plan& p) {
  folder where(j.set.dir);
  raw_log raw(where.path(), j.record_bytes);
  tally t;
  stet::engine e(open_store(p.store, where),
                 {.threads = std::max(2u, std::thread::hardware_concurrency()),
                  .tail_bytes_max = tail_bytes(p.concurrency),
                  .commits = p.commits,
                  .listener = &t});
  define_runs(e);
  e.start();
  std::vector<double> values, limits;
  auto seconds = j.set.quick ? 0.4 : 1.0;
  for (int round = 0; round < (j.set.quick ? 1 : 3); ++round) {
    values.push_back(steps_per_second(e, t, p, seconds));
    limits.push_back(raw.records_per_second(p.concurrency, seconds / 3));
  }
  row r{p.bench, p.store, p.concurrency, median(values), "steps/s"};
  if (p.commits == stet::durability::sync) r.limit = median(limits);
  j.out.add(r);
}

}  // namespace

void measure_throughput(const job& j) {
  struct mode {
    std::string bench;
    const kind_of_run* kind;
  };
  for (auto& [bench, kind] : {mode{"throughput", &Pooled}, mode{"throughput_inline", &Inlined}})
    for (auto& store : j.stores()) {
      for (std::size_t concurrency : {1, 100, 1000, 10000})
        if (j.wants(bench) && !(j.set.quick && (concurrency == 100 || concurrency == 10000)))
          measure(j, {bench, store, concurrency, kind});
      auto weak = bench + "_durability_process";
      if (j.wants(weak) && store != "memory")
        measure(j, {weak, store, 1000, kind, stet::durability::process});
    }
}

std::size_t measure_record_bytes(const settings& set) {
  folder where(set.dir);
  traffic count;
  constexpr std::uint32_t runs = 1000;
  tally t;
  stet::engine e(open_store("memory", where, &count), {.threads = 0, .listener = &t});
  define_runs(e);
  e.start();
  start_runs(e, Inlined, runs, steps_per_run);
  e.run_until_idle();
  e.close();
  return count.journal_bytes / (std::size_t{runs} * steps_per_run);
}

}  // namespace bench
