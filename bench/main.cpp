// stet-bench: what Stet does per second, per step and per run, beside what the disk could do.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string_view>
#include <thread>

#include "bench.hpp"
#include "place.hpp"

namespace bench {
namespace {

constexpr const char* help =
    R"(./dev bench [options]

  --json            the rows as an array of objects
  --only NAME       one kind of row: throughput, throughput_inline, latency_p50, latency_p99,
                    latency_inline_p50, latency_inline_p99, bytes_per_step, replay,
                    replay_execution, resident_bytes, or, durable for the process only,
                    throughput_durability_process, throughput_inline_durability_process
  --store NAME      memory, lmdb, rocksdb or sqlite; otherwise the first two
  --quick           less than a minute instead of three
  --dir DIR         where the files go; otherwise the folder of this program
)";

constexpr const char* parts[] = {
    "throughput",
    "throughput_inline",
    "throughput_durability_process",
    "throughput_inline_durability_process",
    "latency_p50",
    "latency_p99",
    "latency_inline_p50",
    "latency_inline_p99",
    "bytes_per_step",
    "replay",
    "replay_execution",
    "resident_bytes",
};

/// Says what is wrong; the program then ends with 2.
struct bad_usage {
  std::string text;
};

std::string value_of(int& i, int count, char** words) {
  if (i + 1 >= count) throw bad_usage{std::string(words[i]) + " needs a value"};
  return words[++i];
}

settings parse(int count, char** words) {
  settings s;
  for (int i = 1; i < count; ++i) {
    std::string word = words[i];
    if (word == "--json") s.json = true;
    else if (word == "--quick") s.quick = true;
    else if (word == "--only") s.only = value_of(i, count, words);
    else if (word == "--store") s.store = value_of(i, count, words);
    else if (word == "--dir") s.dir = value_of(i, count, words);
    else throw bad_usage{"no option '" + word + "'"};
  }
  bool known = s.only.empty();
  for (auto part : parts) known = known || s.only == part;
  if (!known) throw bad_usage{"no row '" + s.only + "'"};
  constexpr std::string_view stores[] = {"", "memory", "lmdb", "rocksdb", "sqlite"};
  if (std::find(std::begin(stores), std::end(stores), s.store) == std::end(stores))
    throw bad_usage{"no store '" + s.store + "'"};
  if (s.dir.empty()) s.dir = default_dir();
  return s;
}

/// What the numbers depend on.
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

}  // namespace

std::vector<std::string> job::stores() const {
  if (!set.store.empty()) return {set.store};
  return {"memory", "lmdb"};
}

int run(int count, char** words) {
  auto s = parse(count, words);
  table t;
  job j{s, t, measure_record_bytes(s)};
  describe_surroundings(s, j.record_bytes);
  measure_throughput(j);
  measure_latency(j);
  measure_space(j);
  measure_replay(j);
  measure_memory_use(j);
  if (s.json) t.print_json();
  else t.print();
  return 0;
}

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
