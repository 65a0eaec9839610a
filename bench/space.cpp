// Bytes written per step of 100 bytes, journal, checkpoint and close together: as the engine hands
// them to the store, and as the kernel counts what the process wrote to the disk.
#include <fstream>
#include <string>

#include <stet/stet.hpp>

#include "bench.hpp"
#include "load.hpp"
#include "place.hpp"

namespace bench {
namespace {

/// Bytes that this process has caused to be written, by pages; nothing where the kernel doesn't
/// tell.
std::optional<std::size_t> written_by_process() {
  std::ifstream io("/proc/self/io");
  std::string key;
  std::size_t value = 0;
  while (io >> key >> value)
    if (key == "write_bytes:") return value;
  return std::nullopt;
}

void measure(const job& j, const std::string& store, std::size_t concurrency) {
  folder where(j.set.dir);
  traffic count;
  tally t;
  std::size_t runs = concurrency == 1 ? 50 : 20'000;
  if (!j.set.quick) runs *= 4;
  auto before = written_by_process();
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
  auto after = written_by_process();
  auto steps = static_cast<double>(runs * steps_per_run);
  j.out.add(
      {"bytes_per_step", store, concurrency, static_cast<double>(count.bytes) / steps, "bytes"});
  j.out.add({"bytes_per_step_journal", store, concurrency,
             static_cast<double>(count.journal_bytes) / steps, "bytes"});
  if (store != "memory" && before && after)
    j.out.add({"bytes_per_step_disk", store, concurrency,
               static_cast<double>(*after - *before) / steps, "bytes"});
}

}  // namespace

void measure_space(const job& j) {
  if (!j.wants("bytes_per_step")) return;
  for (auto& store : j.stores())
    for (std::size_t concurrency : {1, 1000}) measure(j, store, concurrency);
}

}  // namespace bench
