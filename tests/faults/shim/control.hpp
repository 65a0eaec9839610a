// What the preloaded shim and the program that tests share: a file that both map.
#pragma once
#include <atomic>
#include <cstdint>

namespace stet_faults {

/// Kinds of calls, by bits.
enum call : unsigned {
  call_write = 1,     // write, pwrite, writev, pwritev
  call_flush = 2,     // fsync, fdatasync, sync_file_range, msync
  call_truncate = 4,  // ftruncate, fallocate
  call_open = 8,      // open, openat, creat
  call_map = 16,      // mmap of a file
  call_read = 32,     // read, pread
  call_rename = 64,   // rename, unlink, link
  call_any = 127,
  // Only in a record:
  recorded_unlink = 256,
  recorded_through = 512,  // the write before this was to the device, O_DSYNC
};

/// Instead of an errno.
inline constexpr int short_write = -1;  // half of it is written, and told so
inline constexpr int lying_flush = -2;  // EIO, and what was dirty is lost; the next one "succeeds"

struct control {
  std::atomic<bool> armed;  // nothing is counted or fails before

  // Memory: allocations fail_from … fail_from + fail_times - 1 fail. 0: none.
  std::atomic<long> allocations, denied;
  long deny_from, deny_times;

  // Calls on files whose path begins with `files`.
  std::atomic<long> calls, failed;
  unsigned kinds;
  long fail_from, fail_times;
  int error;
  char files[256];

  // CLOCK_REALTIME is ahead by so much.
  std::atomic<std::int64_t> ahead_ns;

  // Everything that is done to those files goes there, in order; empty: nowhere.
  char record[256];
};

/// A call in the record: the head, then the path, then the data.
struct recorded_call {
  std::uint32_t kind;        // of enum call
  std::uint32_t path_bytes;  // relative to `files`
  std::uint64_t at,
      bytes;  // of a truncation: the size; of a flush: 1 data only; a rename's data is the new path
};

}  // namespace stet_faults

/// The shim's; null in a program without it.
extern "C" __attribute__((weak)) stet_faults::control* stet_fault_control() noexcept;
