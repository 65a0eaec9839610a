// Bytes of memory for each resident run that sleeps: the heap of an engine that has no threads of
// its own. A part of these, in rows of its own: the coroutine with its execution, and the run's
// state.
#include <malloc.h>

#include <optional>

#include <stet/definition.hpp>
#include <stet/stet.hpp>

#include "bench.hpp"
#include "execution/execution.hpp"
#include "history/record.hpp"
#include "place.hpp"
#include "run_state/run_state.hpp"

namespace bench {
namespace {

inline constexpr stet::workflow<void()> Sleepy{"sleepy"};
stet::task<void> sleepy(stet::context& ctx) { co_await ctx.sleep(std::chrono::hours(1000)); }

/// Returns the bytes in use in the main arena. Everything is there as long as there is only one
/// thread.
double heap_bytes() {
  auto m = ::mallinfo2();
  return static_cast<double>(m.uordblks + m.hblkhd);
}

void add(const job& j, const char* bench, const std::string& store, std::size_t runs,
         double bytes) {
  j.out.add({bench, store, runs, bytes / static_cast<double>(runs), "bytes/run"});
}

void measure_engine(const job& j, const std::string& store, std::size_t runs) {
  folder where(j.set.dir);
  auto store_open = open_store(store, where);
  double asleep;
  {
    stet::engine e(std::move(store_open),
                   {.threads = 0, .resident_runs_max = runs, .tail_bytes_max = 64u << 10});
    e.define(Sleepy, sleepy);
    e.start();
    constexpr std::size_t at_once = 1000;
    for (std::size_t i = 0; i < runs; i += at_once) {
      std::vector<std::pair<std::string, std::tuple<>>> some;
      for (std::size_t k = i; k < i + at_once; ++k)
        some.emplace_back("run-" + std::to_string(k), std::tuple());
      e.start_all(Sleepy, some);
      e.run_until_idle();
    }
    asleep = heap_bytes();
  }
  // The content of a store in memory still exists now: it doesn't count.
  add(j, "resident_bytes", store, runs, asleep - heap_bytes());
}

/// Returns the history of a run that has just fallen asleep.
std::string history() {
  namespace d = stet::detail;
  std::string bytes, arguments;
  stet::encode(arguments, std::tuple());
  d::record r;
  r.run = d::run_number(1);
  r.name = Sleepy.text();
  r.target = "run-12345";
  r.payload = arguments;
  d::encode(bytes, r);
  d::record sleep;
  sleep.kind = stet::record_kind::sleep;
  sleep.run = d::run_number(1);
  sleep.command = d::command_number(1);
  sleep.number = stet::duration(std::chrono::hours(1000)).count();
  d::encode(bytes, sleep);
  return bytes;
}

void measure_parts(const job& j, std::size_t runs) {
  namespace d = stet::detail;
  auto records = history();
  auto body = &sleepy;
  d::definition_of<decltype(body), void> definition(body);
  d::error_registry errors;
  std::vector<std::unique_ptr<d::execution>> executions(runs);
  d::drive_output work;
  auto before = heap_bytes();
  for (auto& e : executions) {
    e = std::make_unique<d::execution>(definition, errors, nullptr, d::run_number(1), "run-12345");
    if (!e->replay(records, work)) throw std::runtime_error("a replay failed: " + e->problem());
  }
  add(j, "resident_bytes_execution", "memory", runs, heap_bytes() - before);
  executions.clear();

  std::vector<std::unique_ptr<d::run_state>> states(runs);
  before = heap_bytes();
  for (auto& s : states) {
    s = std::make_unique<d::run_state>();
    d::record_lsn lsn;
    for (d::source in(records); !in.done();) d::apply(*s, d::decode_record(in), ++lsn);
  }
  add(j, "resident_bytes_state", "memory", runs, heap_bytes() - before);
}

}  // namespace

void measure_memory_use(const job& j) {
  std::size_t runs = j.set.quick ? 20'000 : 50'000;
  if (!j.wants("resident_bytes")) return;
  for (auto& store : j.stores()) measure_engine(j, store, runs);
  measure_parts(j, runs);
}

}  // namespace bench
