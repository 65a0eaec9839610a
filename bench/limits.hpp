// The limit that the disk sets: records appended to a file by hand, made durable by fdatasync.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace bench {

/// A file that grows by appends, each durable before the next begins. It is begun anew when it is
/// large.
class raw_log {
 public:
  raw_log(const std::string& folder, std::size_t record_bytes);
  raw_log(const raw_log&) = delete;
  raw_log& operator=(const raw_log&) = delete;
  ~raw_log();

  /// Appends `batch` records and makes them durable.
  void append(std::size_t batch);
  /// Appends, again and again, `batch` records, for about `seconds`. Returns the records per
  /// second.
  double records_per_second(std::size_t batch, double seconds);
  /// Appends one record `count` times. Returns how many microseconds each append took.
  std::vector<double> latencies(std::size_t count);

 private:
  std::string path_;
  std::size_t record_bytes_;
  int fd_;
  std::size_t size_ = 0;
  std::string buffer_;
};

}  // namespace bench
