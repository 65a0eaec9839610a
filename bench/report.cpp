// The page of --report: the machine and the settings, a table for each kind of row, and charts.
#include <sys/utsname.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "bench.hpp"
#include "chart.hpp"
#include "place.hpp"

namespace bench {
namespace {

/// A table of the page: the rows whose names begin with one of `beginnings`.
struct section {
  const char* title;
  const char* text;
  std::vector<std::string> beginnings;
};

const std::vector<section>& sections() {
  static const std::vector<section> all = {
      {"Throughput",
       "Durable steps per second of 10-step runs with results of 100 bytes, sustained, the "
       "checkpoint included; bodies on a pool, or inline on the engine's thread. The limit is the "
       "same records appended to a file by hand, as many at a time, with fdatasync, measured in "
       "turns. `durability_process`: the commits survive a crash of the process, not of the "
       "machine, so there is no limit beside them.",
       {"throughput"}},
      {"Latency",
       "From the end of one body to the beginning of the next. The limit is one append with "
       "fdatasync.",
       {"latency"}},
      {"Growth",
       "What a step costs when there is much already; the limit is what it costs where there is "
       "little. `growth_store`: 1,000 runs at a time, inline, with the named number of runs in the "
       "store (nine of ten have ended, one sleeps for 30 days), over the cost with 1,000. Their "
       "ids are scattered as hashes are, so that each lies on a page of "
       "its own in the index of ids; `growth_store_ordered`: ids that are counted up. "
       "`growth_history`: steps 9,000 to 10,000 of a run over steps 5 to 105, in processor time of "
       "the whole process, durable for the process only; `unchecked` leaves out the replay that "
       "by default follows every thousandth event. `growth_fan_out`: a child, of so many at once "
       "in one run, over one of a fortieth. The other rows: one thing of the named number, over "
       "one "
       "of a tenth of them, in processor time, on one thread: a pending step that is cancelled "
       "with "
       "the others (`cancel`); a step of a fan-out (`steps`; `no_residents`: with "
       "resident_runs_max = 0); a signal that nothing waits for (`unread`), one of as many that "
       "are "
       "waited for at once (`waits`), and one beside as many runs whose coroutines can't be "
       "destroyed (`held`); a pending step that is described; a run in `open_runs` and in a list; "
       "a "
       "step that fails every hour for a year (`retries`); the heartbeats of one step.",
       {"growth"}},
      {"Lists",
       "How long the first page (100 runs) of a list takes, or a count, with the named number of "
       "runs in the store: 20 workflows, three attributes each, one run in ten open. The limit is "
       "the same with a hundredth of the runs. `list_not_equal` and what is like it has no index "
       "and looks at the runs, the latest first, until the page is full.",
       {"list"}},
      {"Primitives",
       "Processor time of one operation, one run after another with a hundred each, durable for "
       "the "
       "process only. The limit is what as many records cost where they are those of inline steps: "
       "nothing should cost more than its records. A query has none. What the host calls (signal, "
       "update, promise) is a turn of the engine's loop of its own.",
       {"primitive"}},
      {"Recovery",
       "`recovery_seconds`: a process with so many runs in the midst of a loop of steps is killed "
       "by SIGKILL; from opening the store until each has recorded a further step. `replay`: "
       "records per second, from the start of an engine with long histories in its store; "
       "`replay_execution`: of the coroutine alone.",
       {"recovery", "replay"}},
      {"Memory, size and rest",
       "`sleeping_rss_bytes`: RssAnon of a process whose store holds so many sleeping runs. "
       "`resident_bytes`: of one sleeping run in memory. `footprint_bytes`: the loadable segments "
       "of a stripped program with the core and the LMDB store, and of liblmdb. `idle_wakeups`: "
       "voluntary context switches of a process with 1,000 sleeping runs.",
       {"sleeping", "resident", "footprint", "idle"}},
      {"Bytes written",
       "Per step of 100 bytes, as the engine hands them to the store; `journal` alone, or all "
       "together.",
       {"bytes"}},
  };
  return all;
}

bool belongs(const row& r, const section& s) {
  return std::any_of(s.beginnings.begin(), s.beginnings.end(),
                     [&](auto& b) { return r.bench.starts_with(b); });
}

std::string line_of(const row& r) {
  auto text = "| `" + r.bench + "` | " + r.store + " | " + readable_count(r.concurrency) + " | " +
              (r.runs ? readable_count(r.runs) : "") + " | " + readable(r.value) + " " + r.unit +
              " | " + (r.limit ? readable(*r.limit) : "") + " | ";
  auto ratio = r.ratio();
  return text + (ratio ? readable(*ratio) : "") + " |\n";
}

std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

std::string system_version() {
  utsname u{};
  return ::uname(&u) == 0 ? std::string(u.sysname) + " " + u.release + ", " + u.machine : "unknown";
}

std::string today() {
  auto now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", std::gmtime(&now));
  return text;
}

std::string store_versions() {
  std::string text;
  auto add = [&](const char* name, const char* version) {
    if (!text.empty()) text += ", ";
    text += std::string(name) + " " + version;
  };
#if STET_HAVE_LMDB
  add("LMDB", STET_LMDB_VERSION);
#endif
#if STET_HAVE_ROCKSDB
  add("RocksDB", STET_ROCKSDB_VERSION);
#endif
#if STET_HAVE_SQLITE
  add("SQLite", STET_SQLITE_VERSION);
#endif
  return text.empty() ? "none" : text;
}

std::string page(const job& j, const std::string& load_before, const std::vector<chart>& charts) {
  auto& s = j.set;
  std::string text = "# What was measured\n\n";
  text += "By `" + s.command_line + "`, which wrote this page. " + today() + ".\n\n";
  text += "| | |\n|---|---|\n";
  text += "| processors | " + std::to_string(std::thread::hardware_concurrency()) + ", " +
          processor() + " |\n";
  text += "| system | " + system_version() + " |\n";
  text += "| file system | " + file_system_of(s.dir) + " |\n";
  text += "| stores | " + store_versions() + " |\n";
  text += "| load | " + load_before + " before, " + load_of_machine() +
          " after (mean of the last minute; 0 is a machine at rest) |\n";
  text += "| records of the limit | " + std::to_string(j.record_bytes) + " bytes |\n";
  if (s.quick) text += "| quick | only roughly right |\n";
  text +=
      "\nThe ratio is value over limit. Of a throughput more is better, of all others less. Where "
      "other programs keep the disk busy, the limit of a throughput falls more than the value, and "
      "the ratio looks better than it is: compare the limits too.\n";
  for (auto& c : charts) text += "\n![" + c.title + "](" + c.file + ")\n";
  for (auto& part : sections()) {
    std::string lines;
    for (auto& r : j.out.rows())
      if (belongs(r, part)) lines += line_of(r);
    if (lines.empty()) continue;
    text += "\n## " + std::string(part.title) + "\n\n" + part.text + "\n\n";
    text += "| row | store | at a time | in the store | value | limit | ratio |\n";
    text += "|---|---|--:|--:|--:|--:|--:|\n" + lines;
  }
  return text;
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream out(path);
  out << text;
  out.close();
  if (!out) throw std::runtime_error("can't write " + path.string());
}

}  // namespace

void write_report(const job& j, const std::string& load_before) {
  std::filesystem::path where = j.set.report;
  write_file(where, page(j, load_before, draw_charts(j.out.rows(), where)));
}

}  // namespace bench
