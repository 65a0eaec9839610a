// An LMDB environment with its one table, opened with our settings, in a map that grows.
#pragma once
#include <cstddef>

#include <stet/lmdb.hpp>

#include "backends/common/file_owner.hpp"
#include "mdb.hpp"
#include "readers.hpp"

namespace stet { inline namespace v0 { namespace lmdb {

/// The room of the log before a store with these options. It is a small part of what the store may
/// hold, so that a full store refuses a commit itself, and not the next move of its log.
std::uint64_t log_bytes_of(const options& o) noexcept;

/// The error code for a code of LMDB or the system.
errc kind_of(int rc) noexcept;
/// Throws store_error for `rc`.
[[noreturn]] void fail(std::string_view operation, std::string_view path, int rc,
                       commit_outcome outcome = commit_outcome::refused);

/// Thread: read_transactions() may be called by any; all else by the committing thread, with no
/// write transaction open.
class database {
 public:
  /// Opens the file that `owner` owns; the owner must outlive the database. Throws store_error.
  database(backend::file_owner& owner, const options& o);

  MDB_env* env() const noexcept { return env_.get(); }
  MDB_dbi table() const noexcept { return table_; }
  readers& read_transactions() noexcept { return readers_; }

  /// Sets whether a commit flushes the page that makes it the latest. If it doesn't, a power cut
  /// may undo the last commits, and nothing else: their data is flushed before.
  int set_durability(durability d);
  /// Flushes the commits that were made with durability process.
  int flush();

  /// Call it after MDB_MAP_FULL. Makes the map bigger, up to the limit, or beyond it if the batch
  /// may use the reserve: LMDB needs room to make room. After that it lets freed pages be used,
  /// once per successful commit. Returns false if there is no more room. Throws store_error.
  bool make_room(bool may_use_reserve);
  /// Commits a transaction. Every write transaction must be committed here, so that readers notice
  /// it.
  int commit(txn t) noexcept;
  /// Call it after a commit: if the map is beyond its limit, shrinks it to the limit.
  void committed();
  /// Returns true if LMDB itself refuses to go on (MDB_PANIC).
  bool has_panicked();

 private:
  void open_table(const std::string& path);
  void check_is_store() const;
  void drop_torn_beginning() const;
  void check_whole() const;
  int cover_file() const noexcept;
  [[noreturn]] void fail_growth(std::size_t bytes) const;
  void resize(std::size_t bytes);
  bool age_freed_pages();
  std::size_t page_bytes() const noexcept;
  std::size_t used_bytes() const noexcept;

  const backend::file_owner& owner_;
  lmdb::env env_;
  readers readers_;  // its transactions end before the environment does
  MDB_dbi table_ = 0;
  std::size_t map_bytes_, map_bytes_max_, reserve_bytes_;
  bool is_aged_ = false;    // age_freed_pages ran since the last commit
  bool is_flushed_ = true;  // the last commit was flushed
};

}  // namespace lmdb
}  // namespace v0
}  // namespace stet
