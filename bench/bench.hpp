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
  std::string only;   // empty: everything
  std::string store;  // empty: every store
  std::string dir;    // where the files go
};

/// One line of the table.
struct row {
  std::string bench;
  std::string store;
  std::size_t concurrency = 1;
  double value = 0;
  std::string unit;
  std::optional<double> limit{};  // of the disk, measured in turns with the value
};

/// Rows as they are found; each is said on standard error at once, so that one sees it move.
class table {
 public:
  void add(row r);
  void print() const;       // for people
  void print_json() const;  // for machines

 private:
  std::vector<row> rows_;
};

/// What every part is given.
struct job {
  const settings& set;
  table& out;
  std::size_t record_bytes;  // what one step adds to the journal: the size of the limit's records

  bool wants(std::string_view bench) const { return set.only.empty() || set.only == bench; }
  /// The stores to measure.
  std::vector<std::string> stores() const;
};

/// Bytes that one step of the throughput rows adds to the journal.
std::size_t measure_record_bytes(const settings& set);

void measure_throughput(const job& j);
void measure_latency(const job& j);
void measure_space(const job& j);
void measure_replay(const job& j);
void measure_memory_use(const job& j);

/// The middle of what was measured; the p-th part of it (0 to 1).
double median(std::vector<double> v);
double percentile(std::vector<double> v, double p);

}  // namespace bench
