// Engines that have nothing to do: the memory of a process whose store is full of sleeping runs,
// and how often an idle process wakes up.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <stet/stet.hpp>

#include "bench.hpp"
#include "child.hpp"
#include "fill.hpp"
#include "place.hpp"

namespace bench {
namespace {

constexpr double rss_bytes_max = 256.0 * (1 << 20);
constexpr int idle_seconds = 5;

/// Returns a number of a /proc status file; 0 if the file doesn't have it.
std::uint64_t status_number(const std::string& file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1));
  return 0;
}

/// Returns the voluntary switches of all threads but this one, which only waits for the time to
/// pass.
std::uint64_t switches_of_others() {
  std::uint64_t sum = 0;
  auto self = std::to_string(::gettid());
  for (auto& task : std::filesystem::directory_iterator("/proc/self/task"))
    if (task.path().filename() != self)
      sum += status_number(task.path() / "status", "voluntary_ctxt_switches");
  return sum;
}

}  // namespace

void sleeping_child(const std::string& store, const std::string& dir) {
  stet::engine e(open_store_at(store, dir), {.resident_runs_max = 1000});
  define_fillers(e);
  e.start();
  std::this_thread::sleep_for(std::chrono::seconds(1));
  auto kib = [](const char* name) { return status_number("/proc/self/status", name); };
  std::printf("%llu %llu\n", static_cast<unsigned long long>(kib("RssAnon")) << 10,
              static_cast<unsigned long long>(kib("RssFile") + kib("RssShmem")) << 10);
  std::fflush(stdout);
}

/// Measures the RssAnon of the whole process, not only its growth. The kernel takes back the memory
/// of mapped files, the pages of LMDB among them, whenever it likes; that number is printed on
/// standard error.
void measure_sleeping(const job& j) {
  if (!j.wants("sleeping_rss_bytes")) return;
  auto runs = j.runs(100'000, 20'000);
  for (auto& store : j.stores_on_disk()) {
    folder where(j.set.dir);
    fill(store, where, {runs, 1000});
    child other("sleeping", store, where.path(), runs);
    std::istringstream said(other.line());
    double anonymous = 0, of_files = 0;
    said >> anonymous >> of_files;
    j.out.add({"sleeping_rss_bytes", store, runs, anonymous, "bytes", rss_bytes_max});
    std::fprintf(stderr, "  (RssAnon; beside it RssFile, the program and mapped files: %s bytes)\n",
                 readable(of_files).c_str());
  }
}

void idle_child(const std::string& store, const std::string& dir, std::size_t runs) {
  stet::engine e(open_store_at(store, dir));
  define_fillers(e);
  e.start();
  start_asleep(e, runs);
  std::this_thread::sleep_for(std::chrono::seconds(1));
  auto before = switches_of_others();
  std::this_thread::sleep_for(std::chrono::seconds(idle_seconds));
  auto after = switches_of_others();
  std::printf("%llu\n", static_cast<unsigned long long>(after - before));
  std::fflush(stdout);
}

/// Measures the voluntary context switches per second of a process of its own with an engine that
/// has its default options. While a timer is pending, the engine looks at the clocks every four
/// seconds (docs/decisions/naps.md), so there are one or two wake-ups in this time.
void measure_idle(const job& j) {
  if (!j.wants("idle_wakeups")) return;
  constexpr std::size_t runs = 1000;
  for (auto& store : j.stores_on_disk()) {
    if (store != "lmdb") continue;
    folder where(j.set.dir);
    child other("idle", store, where.path(), runs);
    auto switches = std::stod(other.line());
    j.out.add({"idle_wakeups", store, runs, switches / idle_seconds, "wakeups/s", 0.0});
  }
}

}  // namespace bench
