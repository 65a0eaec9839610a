// An ext4 file system whose power can be cut. It is in a file, on a loop device. Needs Linux and
// root.
#pragma once
#include <stdexcept>
#include <string>

#include "tests/support/temporary_directory.hpp"

namespace stet_powercut {

/// This machine can't do it; the text says why.
struct unavailable : std::runtime_error {
  using runtime_error::runtime_error;
};

/// How much of the file system's own log reaches the device when the power is cut.
enum class cut_kind : unsigned {
  log_flushed = 1,  ///< all of it: names and sizes of files are new, their content may be old
  log_lost = 2,     ///< only what was flushed before
};

/// Data that was written and flushed is on the device. Data that is only in the page cache when the
/// power is cut is lost, and every later write fails. (Data that reached the device without a flush
/// stays: the device doesn't lose a cache of its own.)
///
/// The file is in memory if there is a /dev/shm. The mount belongs to this process and its children
/// alone, and the loop device is freed when they have ended, however they end.
/// Throws unavailable, or std::runtime_error if a call fails that should succeed.
class disk {
 public:
  disk();
  disk(const disk&) = delete;
  disk& operator=(const disk&) = delete;
  ~disk();

  /// The folder where it is mounted.
  const std::string& path() const noexcept { return mount_point_; }

  /// Mounts a new, empty file system.
  void format();
  /// After the cut, all its files must be closed before it is mounted again.
  void cut(cut_kind how);
  void mount_again();

 private:
  void attach_loop_device();
  bool try_loop_device(int image);
  void mount();
  void unmount();

  stet_tests::temporary_directory directory_;
  const std::string image_, mount_point_;
  std::string device_;
  int loop_ = -1;
  bool is_mounted_ = false;
};

}  // namespace stet_powercut
