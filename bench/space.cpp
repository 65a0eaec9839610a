// Bytes written for each step of 100 bytes, as the engine passes them to the store: journal,
// checkpoint and close together. (The kernel's count for the process is no measure: for a large
// folio it counts all bytes, however few of them were written.)
#include <string>

#include <stet/stet.hpp>

#include "bench.hpp"
#include "load.hpp"
#include "place.hpp"

namespace bench {
namespace {

void measure(const job& j, const std::string& store, std::size_t concurrency) {
  folder where(j.set.dir);
  traffic count;
  tally t;
  std::size_t runs = concurrency == 1 ? 50 : 20'000;
  if (!j.set.quick) runs *= 4;
  {
    stet::engine e(open_store(store, where, &count),
                   {.threads = 0, .tail_bytes_max = 1u << 20, .listener = &t});
    define_runs(e);
    e.start();
    for (std::size_t i = 0; i < runs; i += concurrency) {
      start_runs(e, Inlined, concurrency, steps_per_run);
      e.run_until_idle();
    }
  }
  auto steps = static_cast<double>(runs * steps_per_run);
  j.out.add(
      {"bytes_per_step", store, concurrency, static_cast<double>(count.bytes) / steps, "bytes"});
  j.out.add({"bytes_per_step_journal", store, concurrency,
             static_cast<double>(count.journal_bytes) / steps, "bytes"});
}

}  // namespace

void measure_space(const job& j) {
  if (!j.wants("bytes_per_step")) return;
  for (auto& store : j.stores())
    for (std::size_t concurrency : {1, 1000}) measure(j, store, concurrency);
}

}  // namespace bench
