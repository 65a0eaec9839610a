// An LMDB environment with its one table, opened with our settings, in a map that grows.
#pragma once
#include <cstddef>

#include <stet/lmdb.hpp>

#include "backends/common/file_owner.hpp"
#include "mdb.hpp"
#include "readers.hpp"

namespace stet { inline namespace v0 { namespace lmdb {

/// Not much of what a store may hold waits in its log: a full one shall refuse, and not the log's
/// next move.
std::uint64_t log_bytes_of(const options& o) noexcept;

/// The kind of failure that an LMDB or system code stands for.
errc kind_of(int rc) noexcept;
/// Throws store_error for `rc`.
[[noreturn]] void fail(std::string_view operation, std::string_view path, int rc,
                       commit_outcome outcome = commit_outcome::refused);

/// Thread: read_transactions() any; all else the committing thread, with no write transaction open.
class database {
 public:
  /// Opens the file that `owner` owns, which outlives it. Throws store_error.
  database(backend::file_owner& owner, const options& o);

  MDB_env* env() const noexcept { return env_.get(); }
  MDB_dbi table() const noexcept { return table_; }
  readers& read_transactions() noexcept { return readers_; }

  /// Whether commits flush the page that makes them the latest. If not, a power cut may undo the
  /// last ones and no more: their data is flushed before.
  int set_durability(durability d);
  /// Flushes what set_durability(process) left.
  int flush();

  /// After MDB_MAP_FULL: makes the map bigger, up to the limit and, if the batch may use the
  /// reserve, beyond it, since LMDB needs room to free room. Then lets freed pages be used, once
  /// per successful commit. False if there is no more to be had. Throws store_error.
  bool make_room(bool may_use_reserve);
  /// Commits a transaction. All that write are to be committed here: readers know of it then.
  int commit(txn t) noexcept;
  /// After a commit: back to the limit, if the map is beyond it.
  void committed();
  /// True if LMDB itself refuses to go on (MDB_PANIC).
  bool has_panicked();

 private:
  void open_table(const std::string& path);
  void drop_torn_beginning() const;
  void check_whole() const;
  int cover_file() const noexcept;
  void resize(std::size_t bytes);
  bool age_freed_pages();
  std::size_t page_bytes() const noexcept;
  std::size_t used_bytes() const noexcept;

  const backend::file_owner& owner_;
  lmdb::env env_;
  readers readers_;  // their transactions end before the environment does
  MDB_dbi table_ = 0;
  std::size_t map_bytes_, map_bytes_max_, reserve_bytes_;
  bool is_aged_ = false;    // age_freed_pages ran since the last commit
  bool is_flushed_ = true;  // the last commit was a sync one
};

}  // namespace lmdb
}  // namespace v0
}  // namespace stet
