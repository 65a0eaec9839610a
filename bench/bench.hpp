// What the parts of the benchmark share: settings, rows, and the list of what is measured.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct settings {
  bool quick = false;
  bool json = false;
  std::string only;          // empty: everything
  std::string store;         // empty: every store that was built
  std::size_t runs = 0;      // in the store, for the rows that depend on it; 0: what fits
  std::string dir;           // where the files go
  std::string report;        // the page to write; empty: none
  std::string command_line;  // as the user wrote it
};

inline constexpr std::size_t runs_max = 10'000'000;

/// Says what is wrong; the program then ends with 2.
struct bad_usage {
  std::string text;
};

/// Throws bad_usage.
settings parse(int count, char** words);
extern const char* const help;
/// The names of the stores that this program carries.
std::vector<std::string> built_stores();

/// One line of the table.
struct row {
  std::string bench;
  std::string store;
  std::size_t concurrency = 1;
  double value = 0;
  std::string unit;
  /// Of a throughput or latency: what the disk does, measured in turns with the value. Of a growth:
  /// the cost where there is little. Else a bound we set ourselves.
  std::optional<double> limit{};
  std::size_t runs = 0;  // in the store while it was measured, where that is the point
  /// Of a latency: how long the quickest took, the quickest in a hundred, …, all. For its chart.
  std::vector<double> spread{}, limit_spread{};

  /// Nothing where the limit is none at all, or zero.
  std::optional<double> ratio() const;
};

/// Rows as they are found; each is said on standard error at once, so that one sees it move.
class table {
 public:
  void add(row r);
  void print() const;       // for people
  void print_json() const;  // for machines
  const std::vector<row>& rows() const noexcept { return rows_; }

 private:
  std::vector<row> rows_;
};

/// 12345678 as "12,345,678"; of small numbers, what stands behind the point.
std::string readable(double v);
std::string readable_count(std::size_t n);

/// What every part is given.
struct job {
  const settings& set;
  table& out;
  std::size_t record_bytes;  // what one step adds to the journal: the size of the limit's records

  bool wants(std::string_view bench) const { return set.only.empty() || set.only == bench; }
  /// The stores to measure.
  std::vector<std::string> stores() const;
  /// Those of them that are files.
  std::vector<std::string> stores_on_disk() const;
  /// The number of runs of a row: what the user said, or `fits`.
  std::size_t runs(std::size_t fits, std::size_t quick) const;
};

/// Bytes that one step of the throughput rows adds to the journal.
std::size_t measure_record_bytes(const settings& set);

void measure_throughput(const job& j);
void measure_latency(const job& j);
void measure_space(const job& j);
void measure_replay(const job& j);
void measure_memory_use(const job& j);
void measure_growth(const job& j);
void measure_listing(const job& j);
void measure_primitives(const job& j);
/// Whether there is such a row among them: "primitive_sleep".
bool is_primitive(const std::string& bench);
void measure_recovery(const job& j);
void measure_sleeping(const job& j);
void measure_idle(const job& j);
void measure_footprint(const job& j);

/// What some of these do in a process of their own (child.hpp), with the files in `dir`.
void recovery_child(const std::string& store, const std::string& dir, std::size_t runs);
void sleeping_child(const std::string& store, const std::string& dir);
void idle_child(const std::string& store, const std::string& dir, std::size_t runs);

/// Writes the page that the user asked for, and its chart beside it.
void write_report(const job& j, const std::string& load_before);

/// The middle of what was measured; the p-th part of it (0 to 1).
double median(std::vector<double> v);
double percentile(std::vector<double> v, double p);
/// All hundred and one of them, from 0 to 1.
std::vector<double> percentiles(std::vector<double> v);

}  // namespace bench
