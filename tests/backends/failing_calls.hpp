// System calls of this program that fail when a test says so. Linux only.
#pragma once
#include <atomic>

namespace stet_tests {

/// How many more calls succeed before one fails; below 0: all succeed. fdatasync; pwrite and
/// writev: all that a store flushes and writes with, liblmdb's among them.
extern std::atomic<int> flushes_left, writes_left;
/// What a failing call fails with.
extern std::atomic<int> failure;

/// So many bytes are written; then one pwrite fails with ENOSPC, and there is room again. Below 0:
/// none fails.
extern std::atomic<long> room_left;

/// While set: writes to a file whose name ends so fail; write(2), by which RocksDB writes all its
/// files, after what room_left says if that isn't below 0.
extern std::atomic<const char*> failing_files;

/// How often fdatasync was called so far.
extern std::atomic<long> flushes;

/// The n-th failure that a store is to have: a flush or a write that the device fails, a disk that
/// is full.
void fail_a_call(int n);

}  // namespace stet_tests
