// Records replayed per second: by a whole engine that starts with long histories in its store and
// rebuilds every run, and by executions alone, from a history in memory.
#include <chrono>

#include <stet/definition.hpp>
#include <stet/stet.hpp>

#include "bench.hpp"
#include "clocks.hpp"
#include "execution/execution.hpp"
#include "journal/checkpoint.hpp"
#include "load.hpp"
#include "place.hpp"

namespace bench {
namespace {

using clock = std::chrono::steady_clock;
double seconds_since(clock::time_point t) {
  return std::chrono::duration<double>(clock::now() - t).count();
}

inline constexpr stet::workflow<void(std::uint32_t)> Long{"long"};
stet::task<void> long_run(stet::context& ctx, std::uint32_t steps) {
  for (; steps > 0; --steps) co_await ctx.step("step", {.run_inline = true}, some_result);
  co_await ctx.sleep(std::chrono::hours(12));
  ctx.log("ended");
}

struct sizes {
  std::size_t runs;
  std::uint32_t steps;
  std::uint64_t records() const { return runs * (2ull * steps + 2); }  // with start and sleep
};

void fill(stet::engine& e, const sizes& s) {
  std::vector<std::pair<std::string, std::tuple<std::uint32_t>>> runs;
  runs.reserve(s.runs);
  for (std::size_t i = 0; i < s.runs; ++i) runs.emplace_back("run-" + std::to_string(i), s.steps);
  e.define(Long, long_run);
  e.start();
  e.start_all(Long, runs);
  e.run_until_idle();  // all are asleep
}

/// Measures from the start of an engine, a day later, until every run has gone on.
void measure_engine(const job& j, const std::string& store, const sizes& s) {
  folder where(j.set.dir);
  shifted_clock c;
  {
    stet::engine e(open_store(store, where), {.threads = 0, .clock = &c});
    fill(e, s);
  }
  c.ahead = std::chrono::hours(24);
  tally t;
  stet::engine e(open_store(store, where), {.clock = &c, .listener = &t});
  e.define(Long, long_run);
  auto begin = clock::now();
  e.start();
  t.until(static_cast<std::uint32_t>(s.runs));
  auto took = seconds_since(begin);
  j.out.add({"replay", store, s.runs, static_cast<double>(s.records()) / took, "records/s"});
}

/// Measures the replay of the same histories by executions, one after another.
void measure_execution(const job& j, const sizes& s) {
  namespace d = stet::detail;
  folder where(j.set.dir);
  {
    stet::engine e(open_store("memory", where), {.threads = 0});
    fill(e, {1, s.steps});
  }
  auto store = open_store("memory", where);
  auto state = d::read_snapshot(*store, d::run_number(1));
  auto history = d::read_history(*store, d::run_number(1), state->records);
  auto body = &long_run;
  d::definition_of<decltype(body), void, std::uint32_t> definition(body);
  d::error_registry errors;
  auto begin = clock::now();
  for (std::size_t i = 0; i < s.runs; ++i) {
    d::execution run(definition, errors, nullptr, d::run_number(1), "run-0");
    d::drive_output work;
    if (!run.replay(history, work)) throw std::runtime_error("a replay failed: " + run.problem());
  }
  j.out.add({"replay_execution", "memory", 1,
             static_cast<double>(s.runs * state->records) / seconds_since(begin), "records/s"});
}

}  // namespace

void measure_replay(const job& j) {
  sizes s{j.set.quick ? 100u : 300u, 1000};
  if (j.wants("replay"))
    for (auto& store : j.stores()) measure_engine(j, store, s);
  if (j.wants("replay_execution")) measure_execution(j, s);
}

}  // namespace bench
