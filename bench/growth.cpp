// The cost of a step in a store with many runs, or in a run with a long history. The limit is the
// cost in a small store or a short run.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <numeric>
#include <thread>

#include <stet/stet.hpp>

#include "bench.hpp"
#include "clocks.hpp"
#include "fill.hpp"
#include "load.hpp"
#include "place.hpp"

namespace bench {
namespace {

using clock = std::chrono::steady_clock;
double nanoseconds(clock::duration d) {
  return std::chrono::duration<double, std::nano>(d).count();
}

// ---------------------------------------------------------------- many runs in the store
//
// Of a thousand runs in the store 900 have ended and 100 sleep for 30 days. All have scattered ids,
// or, in the `ordered` row, ids that are counted up.
// Then inline runs of 10 steps go, 1,000 at a time, as durable as ever. Each is one more run in the
// store, so that "with 1,000" grows to ten times that while it is measured. A window is long enough
// to contain the work that a store does in the background. The small and the large store take
// turns, and each turn has a new small one.

constexpr std::size_t few_runs = 1000, at_a_time = 1000;
constexpr std::size_t memory_runs_max = 1'000'000;  // about a KiB each
constexpr std::size_t asleep_in_thousand = 100;

double cost_in(const std::string& store, const folder& where, std::size_t runs, naming names) {
  tally t;
  stet::engine e(open_store(store, where), {.threads = 2, .listener = &t});
  define_fillers(e);
  define_runs(e);
  e.start();
  crowd c(e, t, Inlined, at_a_time, names);
  auto first = static_cast<std::uint32_t>(2 * at_a_time);
  t.until(first);  // all are under way
  auto begin = clock::now();
  t.until(first + static_cast<std::uint32_t>(runs));
  return nanoseconds(clock::now() - begin) / static_cast<double>(runs * steps_per_run);
}

void measure_store(const job& j, const std::string& store, std::size_t runs, naming names) {
  if (store == "memory" && runs > memory_runs_max) {
    runs = memory_runs_max;
    std::fprintf(stderr, "  (in memory no more than %s runs)\n", readable_count(runs).c_str());
  }
  folder large(j.set.dir);
  fill(store, large, {runs, asleep_in_thousand, names});
  std::size_t window = j.set.quick ? 3'000 : 10'000;
  std::vector<double> with_few, with_many;
  for (int round = 0; round < (j.set.quick ? 1 : 3); ++round) {
    folder small(j.set.dir);
    fill(store, small, {few_runs, asleep_in_thousand, names});
    with_few.push_back(cost_in(store, small, window, names));
    with_many.push_back(cost_in(store, large, window, names));
  }
  row r{names == naming::scattered ? "growth_store" : "growth_store_ordered",
        store,
        at_a_time,
        median(with_many),
        "ns/step",
        median(with_few)};
  r.runs = runs;
  j.out.add(r);
}

/// Returns the sizes of the large store: the user's, or else several, to show the trend.
std::vector<std::size_t> sizes(const job& j) {
  if (j.set.runs) return {j.set.runs};
  if (j.set.quick) return {10'000};
  return {10'000, 100'000, 1'000'000};
}

// ---------------------------------------------------------------- a long history
//
// One run goes at a time, inline, durable for the process only. The cost is processor time of the
// whole process, with the stores' own threads: neither the pace of the disk nor the other load of
// the machine matters. (Other programs take more wall time from a long burst than from a short
// one.)
// "Step 10,000" stands for the steps 9,000 to 10,000 of a run, "step 10" for the steps 5 to 105 of
// ten short ones. These are equally many steps, so that rare events (a checkpoint of the store; the
// replay of the whole history after every thousandth event) fall into both equally often. The
// second row leaves these replays out.

constexpr std::uint32_t late_end = 10'000, late_steps = 1'000, early_end = 105, early_steps = 100;

/// A stretch of steps: the body of step `from` began at `begin`, that of step `to` at `end`. One
/// run goes at a time.
struct stretch {
  std::uint32_t from = 0, to = 0, step = 0;
  double begin = 0, end = 0;  // nanoseconds of processor time
};
stretch now;

std::string noted_result() {
  ++now.step;
  if (now.step == now.from) now.begin = processor_time();
  if (now.step == now.to) now.end = processor_time();
  return std::string(result_bytes, 'x');
}

inline constexpr stet::workflow<void(std::uint32_t)> Growing{"growing"};
stet::task<void> growing(stet::context& ctx, std::uint32_t steps) {
  for (; steps > 0; --steps) co_await ctx.step("step", {.run_inline = true}, noted_result);
}

/// Returns the mean cost of one of the last `last` steps of a run of `steps`, over `runs` runs.
double cost_of_last(stet::engine& e, std::uint32_t steps, std::uint32_t last, int runs) {
  static int number = 0;
  double sum = 0;
  for (int i = 0; i < runs; ++i) {
    now = {.from = steps - last, .to = steps};
    e.start(Growing, "run-" + std::to_string(number++), steps).result();
    sum += now.end - now.begin;
  }
  return sum / (runs * static_cast<double>(last));
}

void measure_history(const job& j, const std::string& store, bool checked) {
  folder where(j.set.dir);
  stet::engine_options options{.threads = 2, .commits = stet::durability::process};
  if (!checked) options.replay_check_interval = 0;
  stet::engine e(open_store(store, where), options);
  e.define(Growing, growing);
  e.start();
  std::vector<double> early, late;
  for (int i = 0; i < (j.set.quick ? 2 : 15); ++i) {
    late.push_back(cost_of_last(e, late_end, late_steps, 1));
    early.push_back(cost_of_last(e, early_end, early_steps, late_steps / early_steps));
  }
  j.out.add({checked ? "growth_history" : "growth_history_unchecked", store, 1, median(late),
             "ns/step", median(early)});
}

// ---------------------------------------------------------------- a wide run

inline constexpr stet::workflow<int(int)> Leaf{"leaf"};
inline constexpr stet::workflow<int(int)> Wide{"wide"};
stet::task<int> leaf(stet::context&, int n) { co_return n; }
/// Runs this many children at once.
stet::task<int> wide(stet::context& ctx, int children) {
  std::vector<int> numbers(static_cast<std::size_t>(children));
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto& id = ctx.id();
  auto results = co_await stet::map(numbers, [&](stet::context& c, int& n) {
    return c.child(Leaf, id + "/" + std::to_string(n), n);
  });
  co_return static_cast<int>(results.size());
}

/// Returns the mean cost of a child, with `children` of them in one run.
double cost_of_child(stet::engine& e, int children, int runs) {
  static int number = 0;
  double begin = processor_time();
  for (int i = 0; i < runs; ++i)
    e.start(Wide, "wide-" + std::to_string(number++), children).result();
  return (processor_time() - begin) / (runs * static_cast<double>(children));
}

void measure_fan_out(const job& j, const std::string& store) {
  folder where(j.set.dir);
  stet::engine e(open_store(store, where), {.commits = stet::durability::process});
  e.define(Leaf, leaf);
  e.define(Wide, wide);
  e.start();
  const int most = j.set.quick ? 4'000 : 40'000, few = most / 40;
  std::vector<double> narrow, broad;
  for (int i = 0; i < 3; ++i) {
    narrow.push_back(cost_of_child(e, few, 40));
    broad.push_back(cost_of_child(e, most, 1));
  }
  j.out.add({"growth_fan_out", store, static_cast<std::size_t>(most), median(broad), "ns/child",
             median(narrow)});
}

}  // namespace

void measure_growth(const job& j) {
  if (j.wants("growth_store"))
    for (auto& store : j.stores())
      for (auto runs : sizes(j)) measure_store(j, store, runs, naming::scattered);
  if (j.wants("growth_store_ordered"))
    for (auto& store : j.stores()) measure_store(j, store, sizes(j).back(), naming::counted);
  if (j.wants("growth_history"))
    for (auto& store : j.stores())
      for (bool checked : {true, false})
        if (checked || !j.set.quick) measure_history(j, store, checked);
  if (j.wants("growth_fan_out"))
    for (auto& store : j.stores()) measure_fan_out(j, store);
}

}  // namespace bench
