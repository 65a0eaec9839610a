// stet-bench: what Stet does per second, per step and per run, compared with what the disk could
// do.
#include <sys/prctl.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <thread>

#include "bench.hpp"
#include "child.hpp"
#include "place.hpp"

namespace bench { namespace {

/// Prints what the numbers depend on.
void describe_surroundings(const settings& s, std::size_t record_bytes) {
  auto kind = file_system_of(s.dir);
  std::fprintf(stderr,
               "Stet's benchmark: %u processors; files in %s, on %s; records of %zu bytes%s\n",
               std::thread::hardware_concurrency(), s.dir.c_str(), kind.c_str(), record_bytes,
               s.quick ? "; quick, so only roughly right" : "");
  if (kind == "tmpfs" || kind == "ramfs")
    std::fprintf(stderr, "  %s is memory, not a disk: nothing below says how fast a disk is\n",
                 kind.c_str());
}

int run_child(char** words) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // ends with the process that measures
  std::string what = words[2], store = words[3], dir = words[4];
  auto runs = std::stoull(words[5]);
  if (what == "recovery") recovery_child(store, dir, runs);
  else if (what == "sleeping") sleeping_child(store, dir);
  else if (what == "idle") idle_child(store, dir, runs);
  else return 2;
  return 0;
}

int run(int count, char** words) {
  if (count == 6 && child::option == words[1]) return run_child(words);
  auto s = parse(count, words);
  table t;
  auto load_before = load_of_machine();
  job j{s, t, measure_record_bytes(s)};
  describe_surroundings(s, j.record_bytes);
  measure_throughput(j);
  measure_latency(j);
  measure_space(j);
  measure_replay(j);
  measure_memory_use(j);
  measure_growth(j);
  measure_growth_of_work(j);
  measure_listing(j);
  measure_primitives(j);
  measure_recovery(j);
  measure_sleeping(j);
  measure_footprint(j);
  measure_idle(j);
  if (s.json) t.print_json();
  else t.print();
  if (!s.report.empty()) write_report(j, load_before);
  return 0;
}

}  // namespace
}  // namespace bench

int main(int count, char** words) {
  if (count == 2 && std::strcmp(words[1], "--help") == 0) {
    std::fputs(bench::help, stdout);
    return 0;
  }
  try {
    return bench::run(count, words);
  } catch (const bench::bad_usage& e) {
    std::fprintf(stderr, "stet-bench: %s\n\n%s", e.text.c_str(), bench::help);
    return 2;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "stet-bench: %s\n", e.what());
    return 1;
  }
}
