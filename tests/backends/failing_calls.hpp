// System calls of this program that fail when a test says so. Linux only.
#pragma once
#include <atomic>

namespace stet_tests {

/// How many more calls succeed before one fails; if negative, all succeed. The first counts
/// fdatasync, the second pwrite and writev: all calls with which a store flushes and writes,
/// liblmdb included.
extern std::atomic<int> flushes_left, writes_left;
/// The errno of a failing call.
extern std::atomic<int> failure;

/// This many bytes can be written; then one pwrite fails with ENOSPC, and after it there is room
/// again. If negative, no call fails.
extern std::atomic<long> room_left;

/// While it is set, writes to files whose names end with it fail. write(2), with which RocksDB
/// writes all its files, fails only after `room_left` bytes, unless room_left is negative.
extern std::atomic<const char*> failing_files;

/// How often fdatasync was called so far.
extern std::atomic<long> flushes;

/// Makes the n-th kind of failure happen in a store: a flush or a write that the device fails, or a
/// full disk.
void fail_a_call(int n);

}  // namespace stet_tests
