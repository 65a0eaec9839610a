// LMDB as a store: one file, memory mapped, no background threads. Link stet-lmdb.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include <stet/store.hpp>

namespace stet { inline namespace v0 { namespace lmdb {

struct options {
  /// Address space at first; doubled by itself when the store outgrows it.
  std::uint64_t map_bytes = 64ull << 20;
  /// Where growing ends: a commit beyond it is refused with errc::full. A batch that erases a range
  /// may go beyond it, by a 64th (at least 1 MiB) and twice the log, since LMDB needs room to free
  /// room: so an engine on a full store can still erase runs.
  std::uint64_t map_bytes_max = 1ull << 40;
  /// Commits are appended to a log of this size (one flush; LMDB needs two) and moved into LMDB's
  /// file when it is full and at close; until then they stay in memory, up to about twice as much.
  /// At most a 16th of map_bytes_max. 0: no log, every commit is LMDB's own.
  std::uint64_t log_bytes = 8u << 20;
};

/// Opens or creates the store in the file `path`. Beside it stand `path`-lock (LMDB's readers) and
/// `path`.owner (who has it open, and that a store is here), and from the first commit to close()
/// `path`-log: copy a store when it is closed, or both files after a crash. Files are made with
/// mode 0600; nothing is created through a symbolic link.
///
/// Throws   store_error: errc::conflict if an engine has it open, in this process (by whatever name
///          of the same file) or in another (named by its pid); errc::corrupt if it is no LMDB
///          file, or if `path`.owner says that a store was here and the file is gone or empty (to
///          begin afresh, remove all of these), or if `path`-log is gone while it is needed,
///          damaged, or another store's, or if the file was cut short, which is left as it was;
///          errc::store with the system's own error else.
///
/// After fork, the child's copy answers every call with an error and touches nothing. LMDB has no
/// checksums: it trusts the file. A file that was cut short is an error; one whose bytes were
/// changed may read as anything.
///     stet::engine engine{stet::lmdb::open("bank.stet")};
STET_API std::unique_ptr<store> open(const std::string& path, const options& o = {});

}  // namespace lmdb
}}  // namespace stet::v0
