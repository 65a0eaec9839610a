// RocksDB as a store: a directory of sorted files, with two background threads. For stores that
// outgrow memory, and for many writes. Link stet-rocksdb.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include <stet/store.hpp>

namespace stet { inline namespace v0 { namespace rocksdb {

/// Options of a RocksDB store.
struct options {
  /// How much is collected in memory before it becomes a sorted file; memory may hold twice as
  /// much. At least 1 MiB. A file system with less free room than four times this counts as full.
  std::uint64_t memtable_bytes = 16u << 20;
  /// How much of the sorted files, their indexes and filters is kept in memory.
  std::uint64_t cache_bytes = 8u << 20;
  /// If false, a store that doesn't exist is errc::not_found, and no file is made: for readers and
  /// tools, so that a mistyped path is an error.
  bool create = true;
};

/// Opens or creates the store in the directory `path`; a directory that is new or was empty gets
/// mode 0700. `path`.owner stands beside it: it says which process has the store open, and that a
/// store exists here. Copy a store when it is closed, the whole directory. Nothing is created
/// through a symbolic link.
///
/// If another process has it open, waits up to a second for the end of that one, which may be
/// dying: `kill` returns before the process is gone.
///
/// Throws   store_error: errc::conflict if an engine has it open, in this process (by any name of
///          the same directory) or in another (the message has its pid), or if a program that uses
///          RocksDB without Stet has; errc::corrupt if the directory holds other things, another
///          program's store, a newer RocksDB's or damaged files, or if `path`.owner says that a
///          store was here and the directory is gone or empty (to begin afresh, remove both);
///          errc::not_found if there is none and options::create is false. Otherwise errc::store
///          with the system's own error. Its native() is the status's code (rocksdb/status.h), or
///          the system's errno where Stet itself called the system.
///
/// A commit costs one flush; it waits when the memory is full and the disk is slower. A commit that
/// fails with errc::full is refused, and the same store goes on when there is room (of the disk, of
/// a quota, of the longest file). If the log had no room, RocksDB is then opened anew, and reads
/// wait for that; if work in the background had none, RocksDB tries again every few seconds. If
/// that work fails for another reason, commits are refused until the store is opened anew. Damage
/// of a file is an error when it is read. Damage of the log is an error when the store is opened,
/// unless it is in the very last commit, or the log was cut short.
///
/// After fork, the child's copy answers every call with an error and touches nothing. RocksDB's
/// static objects wait for their threads at the end of a process: such a child must end by exec or
/// _exit, never by exit.
///     stet::engine engine{stet::rocksdb::open("bank.stet")};
STET_API std::unique_ptr<store> open(const std::string& path, const options& o = {});

}  // namespace rocksdb
}}  // namespace stet::v0
