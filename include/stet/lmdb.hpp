// LMDB as a store: one file, memory mapped, no background threads. Link stet-lmdb.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include <stet/store.hpp>

namespace stet { inline namespace v0 { namespace lmdb {

/// Options of an LMDB store.
struct options {
  /// The address space at first. When the store outgrows it, it grows by half, from 2 GiB on by 1
  /// GiB, or by less if the process has no address space for that. If it can't grow at all a commit
  /// is refused with errc::full, and the error says so.
  std::uint64_t map_bytes = 64ull << 20;
  /// Where growing ends: a commit beyond it is refused with errc::full. LMDB needs room to free
  /// room, so a batch that erases a range may go beyond the limit, by a 64th of it (at least 1 MiB)
  /// and twice the log. Thus an engine on a full store can still erase runs.
  std::uint64_t map_bytes_max = 1ull << 40;
  /// Commits are appended to a log of this size (one flush; LMDB needs two). They are moved into
  /// LMDB's file when the log is full and at close; until then they stay in memory, up to about
  /// twice this size. At most a 16th of map_bytes_max. 0 means no log: every commit is LMDB's own.
  std::uint64_t log_bytes = 8u << 20;
  /// If false, a store that doesn't exist is errc::not_found, and no file is made: for readers and
  /// tools, so that a mistyped path is an error.
  bool create = true;
};

/// Opens or creates the store in the file `path`. Other files stand beside it: `path`-lock (LMDB's
/// readers), `path`.owner (says which process has the store open, and that a store exists here),
/// and from the first commit to close() `path`-log. Copy a store when it is closed; after a crash
/// copy `path` and `path`-log. Files are made with mode 0600; nothing is created through a symbolic
/// link.
///
/// If another process has it open, waits up to a second for the end of that one, which may be
/// dying: `kill` returns before the process is gone.
///
/// Throws   store_error: errc::conflict if an engine has it open, in this process (by any name of
///          the same file) or in another (the message has its pid); errc::corrupt if it is no LMDB
///          file; if `path`.owner says that a store was here and the file is gone or empty (to
///          begin afresh, remove all of these files); if `path`-log is needed and is gone, damaged,
///          or another store's; or if the file was cut short: then it is left as it was;
///          errc::not_found if there is none and options::create is false. Otherwise errc::store
///          with the system's own error.
///
/// After fork, the child's copy answers every call with an error and touches nothing. LMDB has no
/// checksums: it trusts the file. A file that was cut short is an error; a file whose bytes were
/// changed may read as anything.
///     stet::engine engine{stet::lmdb::open("bank.stet")};
STET_API std::unique_ptr<store> open(const std::string& path, const options& o = {});

}  // namespace lmdb
}}  // namespace stet::v0
