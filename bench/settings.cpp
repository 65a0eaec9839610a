// The command line.
#include <algorithm>
#include <charconv>
#include <filesystem>

#include "bench.hpp"
#include "chart.hpp"
#include "place.hpp"

namespace bench {

const char* const help =
    R"(./dev bench [options]

  --json            the rows as an array of objects
  --report FILE.md  also writes a page with all rows, and its charts beside it
  --only NAME       one kind of row:
                    throughput, throughput_inline, latency_p50, latency_p99, latency_inline_p50,
                    latency_inline_p99, bytes_per_step, replay, replay_execution, resident_bytes;
                    durable for the process only: throughput_durability_process,
                    throughput_inline_durability_process;
                    with much in the store: growth_store, growth_store_ordered,
                    growth_history, growth_fan_out, growth_of_work (or one of its rows:
                    growth_cancel, growth_steps, growth_no_residents, growth_unread,
                    growth_waits, growth_held, growth_describe, growth_open_runs,
                    growth_list, growth_retries, growth_heartbeats), list (every kind of filter),
                    recovery_seconds, sleeping_rss_bytes;
                    primitives (or one: primitive_sleep, …), footprint_bytes, idle_wakeups
  --store NAME      memory, lmdb, rocksdb, sqlite or all; otherwise all that were built
  --runs N          runs in the store, 1 to 10000000: for growth_store (otherwise 10000,
                    100000, 1000000; _ordered the last of these),
                    list (1000000), sleeping_rss_bytes (100000) and recovery_seconds
                    (10000 and 100000; no more)
  --quick           under a minute instead of a quarter of an hour: fewer rows, roughly right
  --dir DIR         where the files go; otherwise the folder of this program
)";

namespace {

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
    "growth_store",
    "growth_store_ordered",
    "growth_history",
    "growth_fan_out",
    "growth_of_work",
    "growth_cancel",
    "growth_steps",
    "growth_no_residents",
    "growth_unread",
    "growth_waits",
    "growth_held",
    "growth_describe",
    "growth_open_runs",
    "growth_list",
    "growth_retries",
    "growth_heartbeats",
    "list",
    "primitives",
    "recovery_seconds",
    "sleeping_rss_bytes",
    "footprint_bytes",
    "idle_wakeups",
};

std::string value_of(int& i, int count, char** words) {
  if (i + 1 >= count) throw bad_usage{std::string(words[i]) + " needs a value"};
  return words[++i];
}

std::size_t number_of_runs(const std::string& text) {
  std::size_t n = 0;
  auto end = text.data() + text.size();
  auto [stopped, problem] = std::from_chars(text.data(), end, n);
  if (problem != std::errc() || stopped != end || n == 0 || n > runs_max)
    throw bad_usage{"--runs takes a number from 1 to " + std::to_string(runs_max) + ", not '" +
                    text + "'"};
  return n;
}

template <class Names> bool is_among(const Names& names, const std::string& name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

void check(const settings& s) {
  bool is_known = is_among(parts, s.only) || is_primitive(s.only);
  if (!s.only.empty() && !is_known) throw bad_usage{"no row '" + s.only + "'"};
  constexpr const char* known[] = {"memory", "lmdb", "rocksdb", "sqlite"};
  if (!s.store.empty() && !is_among(known, s.store)) throw bad_usage{"no store '" + s.store + "'"};
  if (!s.store.empty() && !is_among(built_stores(), s.store))
    throw bad_usage{"the store '" + s.store + "' was not built"};
  if (s.report.empty()) return;
  std::filesystem::path page = s.report;
  if (page.extension() != ".md") throw bad_usage{"--report takes a file that ends in .md"};
  if (page.has_parent_path() && !std::filesystem::is_directory(page.parent_path()))
    throw bad_usage{"--report: there is no folder " + page.parent_path().string()};
  need_gnuplot();
}

}  // namespace

settings parse(int count, char** words) {
  settings s;
  s.command_line = "./dev bench";
  for (int i = 1; i < count; ++i) s.command_line += std::string(" ") + words[i];
  for (int i = 1; i < count; ++i) {
    std::string word = words[i];
    if (word == "--json") s.json = true;
    else if (word == "--quick") s.quick = true;
    else if (word == "--only") s.only = value_of(i, count, words);
    else if (word == "--store") s.store = value_of(i, count, words);
    else if (word == "--runs") s.runs = number_of_runs(value_of(i, count, words));
    else if (word == "--report") s.report = value_of(i, count, words);
    else if (word == "--dir") s.dir = value_of(i, count, words);
    else throw bad_usage{"no option '" + word + "'"};
  }
  if (s.store == "all") s.store.clear();
  check(s);
  if (s.dir.empty()) s.dir = default_dir();
  return s;
}

std::vector<std::string> built_stores() {
  std::vector<std::string> built = {"memory"};
#if STET_HAVE_LMDB
  built.emplace_back("lmdb");
#endif
#if STET_HAVE_ROCKSDB
  built.emplace_back("rocksdb");
#endif
#if STET_HAVE_SQLITE
  built.emplace_back("sqlite");
#endif
  return built;
}

std::vector<std::string> job::stores() const {
  if (!set.store.empty()) return {set.store};
  return built_stores();
}
std::vector<std::string> job::stores_on_disk() const {
  auto all = stores();
  std::erase(all, "memory");
  return all;
}

std::size_t job::runs(std::size_t fits, std::size_t quick) const {
  if (set.runs > 0) return set.runs;
  return set.quick ? quick : fits;
}

}  // namespace bench
