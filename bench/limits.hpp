// What the disk can do: records appended to a file by hand, made durable by fdatasync.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace bench {

/// A file that grows by appends, each durable before the next begins, and starts anew when it is
/// large.
class raw_log {
 public:
  raw_log(const std::string& folder, std::size_t record_bytes);
  raw_log(const raw_log&) = delete;
  raw_log& operator=(const raw_log&) = delete;
  ~raw_log();

  /// Appends `batch` records and makes them durable.
  void append(std::size_t batch);
  /// Records per second, `batch` at a time, over about `seconds`.
  double records_per_second(std::size_t batch, double seconds);
  /// Microseconds that each of `count` appends of one record takes.
  std::vector<double> latencies(std::size_t count);

 private:
  std::string path_;
  std::size_t record_bytes_;
  int fd_;
  std::size_t size_ = 0;
  std::string buffer_;
};

}  // namespace bench
