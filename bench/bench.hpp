// The common parts of the benchmark: settings, rows, and the list of measurements.
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

/// Thrown for a command line that makes no sense: says what is wrong with it. The program then ends
/// with 2.
struct bad_usage {
  std::string text;
};

/// Parses the command line. Throws bad_usage.
settings parse(int count, char** words);
extern const char* const help;
/// Returns the names of the stores that this program contains.
std::vector<std::string> built_stores();

/// One line of the table.
struct row {
  std::string bench;
  std::string store;
  std::size_t concurrency = 1;
  double value = 0;
  std::string unit;
  /// The value to compare with. For a throughput or a latency: what the disk does, measured in
  /// turns with the value. For a growth: the cost in a small store or a short run. Otherwise a
  /// bound that we set ourselves.
  std::optional<double> limit{};
  std::size_t runs = 0;  // in the store during the measurement, for the rows that depend on it
  /// For a latency, for its chart: the percentiles, from the quickest to the slowest.
  std::vector<double> spread{}, limit_spread{};

  /// Returns nothing if there is no limit, or if it is zero.
  std::optional<double> ratio() const;
};

/// The rows so far. Each is printed on standard error as soon as it is measured, to show progress.
class table {
 public:
  void add(row r);
  void print() const;       // for people
  void print_json() const;  // for machines
  const std::vector<row>& rows() const noexcept { return rows_; }

 private:
  std::vector<row> rows_;
};

/// Returns 12345678 as "12,345,678"; a small number with its decimals.
std::string readable(double v);
std::string readable_count(std::size_t n);

/// The input of each part of the benchmark.
struct job {
  const settings& set;
  table& out;
  std::size_t record_bytes;  // what one step adds to the journal: the size of the limit's records

  bool wants(std::string_view bench) const { return set.only.empty() || set.only == bench; }
  /// Returns the stores to measure.
  std::vector<std::string> stores() const;
  /// Returns those of them that are files.
  std::vector<std::string> stores_on_disk() const;
  /// Returns the number of runs for a row: the user's, or else `fits`, or in a quick run `quick`.
  std::size_t runs(std::size_t fits, std::size_t quick) const;
};

/// Returns how many bytes one step of the throughput rows adds to the journal.
std::size_t measure_record_bytes(const settings& set);

void measure_throughput(const job& j);
void measure_latency(const job& j);
void measure_space(const job& j);
void measure_replay(const job& j);
void measure_memory_use(const job& j);
void measure_growth(const job& j);
void measure_growth_of_work(const job& j);
void measure_listing(const job& j);
void measure_primitives(const job& j);
/// Returns whether `bench` is a row of measure_primitives: "primitive_sleep".
bool is_primitive(const std::string& bench);
void measure_recovery(const job& j);
void measure_sleeping(const job& j);
void measure_idle(const job& j);
void measure_footprint(const job& j);

/// The parts of some of these that run in a process of their own (child.hpp), with the files in
/// `dir`.
void recovery_child(const std::string& store, const std::string& dir, std::size_t runs);
void sleeping_child(const std::string& store, const std::string& dir);
void idle_child(const std::string& store, const std::string& dir, std::size_t runs);

/// Writes the page that the user asked for, and its chart beside it.
void write_report(const job& j, const std::string& load_before);

/// Return the median of the values; their p-th quantile (p is 0 to 1).
double median(std::vector<double> v);
double percentile(std::vector<double> v, double p);
/// Returns the hundred and one quantiles from 0 to 1, in steps of a hundredth.
std::vector<double> percentiles(std::vector<double> v);

}  // namespace bench
