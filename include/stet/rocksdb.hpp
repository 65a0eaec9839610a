// RocksDB as a store: a directory of sorted files, with two background threads. For stores that
// outgrow memory, and for much writing. Link stet-rocksdb.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include <stet/store.hpp>

namespace stet { inline namespace v0 { namespace rocksdb {

struct options {
  /// What is collected in memory before it becomes a sorted file; at most twice as much is there.
  /// At least 1 MiB. A file system with less than four times as much room is full.
  std::uint64_t memtable_bytes = 16u << 20;
  /// What is kept in memory of the sorted files, their indexes and filters.
  std::uint64_t cache_bytes = 8u << 20;
};

/// Opens or creates the store in the directory `path`; a new one, and one that was empty, gets mode
/// 0700. Beside it stands `path`.owner (who has it open, and that a store is here). Copy a store
/// when it is closed, all of the directory. Nothing is created through a symbolic link.
///
/// Throws   store_error: errc::conflict if an engine has it open, in this process (by whatever name
///          of the same directory) or in another (named by its pid), or a program that uses RocksDB
///          without Stet; errc::corrupt if the directory holds other things, another program's
///          store, a newer RocksDB's or damaged files, or if `path`.owner says that a store was
///          here and the directory is gone or empty (to begin afresh, remove both); errc::store
///          with the system's own error else. Its native() is the status's code (rocksdb/status.h),
///          or the system's errno where Stet itself called the system.
///
/// A commit costs one flush; when the memory is full and the disk is slower, it waits. errc::full
/// is refused, and the same store goes on when there is room (of the disk, of a quota, of the
/// longest file): if the log had none, RocksDB is opened anew then, and reads wait for that; if
/// work in the background had none, RocksDB looks every few seconds. When that work fails
/// otherwise, commits are refused until the store is opened anew. Damage of a file is an error
/// when it is read, and of the log when the store is opened, unless it is in the very last commit,
/// or the log was cut short.
///
/// After fork, the child's copy answers every call with an error and touches nothing. RocksDB's
/// static objects wait for their threads at the end of a process: such a child ends by exec or
/// _exit, never by exit.
///     stet::engine engine{stet::rocksdb::open("bank.stet")};
STET_API std::unique_ptr<store> open(const std::string& path, const options& o = {});

}  // namespace rocksdb
}}  // namespace stet::v0
