// A file that both the preloaded shim and the test program map: through it, the program controls
// the shim.
#pragma once
#include <atomic>
#include <cstdint>

namespace stet_faults {

/// Kinds of calls, as bits.
enum call : unsigned {
  call_write = 1,     // write, pwrite, writev, pwritev
  call_flush = 2,     // fsync, fdatasync, sync_file_range, msync
  call_truncate = 4,  // ftruncate, fallocate
  call_open = 8,      // open, openat, creat
  call_map = 16,      // mmap of a file
  call_read = 32,     // read, pread
  call_rename = 64,   // rename, unlink, link
  call_any = 127,
  // These occur only in a record:
  recorded_unlink = 256,
  recorded_through = 512,  // the write before this was to the device, O_DSYNC
};

/// These stand in for an errno:
inline constexpr int short_write = -1;  // half of it is written, and the count says so
inline constexpr int lying_flush = -2;  // EIO, dirty data is lost; the next flush "succeeds"

struct control {
  std::atomic<bool> armed;  // before, no call is counted and none fails

  // Allocations number fail_from … fail_from + fail_times - 1 fail. 0 means none.
  std::atomic<long> allocations, denied;
  long deny_from, deny_times;

  // Calls on files whose path begins with `files`.
  std::atomic<long> calls, failed;
  unsigned kinds;
  long fail_from, fail_times;
  int error;
  char files[256];

  // CLOCK_REALTIME is ahead by this many nanoseconds.
  std::atomic<std::int64_t> ahead_ns;

  // A file to which all calls on those files are recorded, in order; empty for no record.
  char record[256];
};

/// A call in the record: the head, then the path, then the data.
struct recorded_call {
  std::uint32_t kind;        // of enum call
  std::uint32_t path_bytes;  // relative to `files`
  std::uint64_t at,
      bytes;  // truncation: the size; flush: 1 if data only; rename: the new path is the data
};

}  // namespace stet_faults

/// The shim's control; null in a program without the shim.
extern "C" __attribute__((weak)) stet_faults::control* stet_fault_control() noexcept;
