// An SQLite file with our one table, opened with our settings: one connection that writes, and
// others that read.
#pragma once
#include <cstddef>
#include <optional>
#include <string>

#include <stet/sqlite.hpp>

#include "backends/common/file_owner.hpp"
#include "readers.hpp"
#include "sql.hpp"

namespace stet { inline namespace v0 { namespace sqlite {

struct writer {
  connection c;
  statement begin, commit, rollback, get, put, erase, erase_range;
};

/// "The log" is SQLite's write-ahead log: the file whose name ends in -wal.
///
/// Invariant: only the writer's connection writes or moves the log, and only the committing thread
/// uses that connection. (Up to 3.51.2, SQLite could lose a commit when two connections did either
/// at once.)
/// Thread: any may use read_connections(); all else is for the committing thread.
class database {
 public:
  /// Opens the file that `owner` owns; the owner must outlive the database. Throws store_error.
  database(backend::file_owner& owner, const options& o);
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  writer& write_connection() noexcept { return writer_; }
  readers& read_connections() noexcept { return readers_; }
  std::size_t value_bytes_max() const;

  /// Call it before each commit. If the commit isn't to be flushed, a power cut may undo the last
  /// commits, and nothing else: a later flush is of the whole log, and the log is flushed before it
  /// is moved.
  /// Throws store_error.
  void prepare(durability d);
  /// Returns true if SQLITE_FULL from a commit means that the log can't have all of the
  /// transaction.
  bool is_full_certain() const noexcept { return is_full_certain_; }
  /// Call it after each successful commit. Flushes if SQLite didn't and `d` promises it, checks
  /// that the log's name still leads to the log, and moves the log if it is long.
  /// Throws store_error with outcome unknown.
  void committed(durability d);

  /// Call it before the end. Moves all of the log into the file; if that can't be done now, flushes
  /// the log.
  /// Throws store_error with outcome unknown.
  void leave_one_file();
  /// Call it instead after a failure: nothing is written any more, not even when the file is
  /// closed.
  void leave_as_it_is() noexcept;

 private:
  [[noreturn]] void fail_open(errc code, std::string_view text) const;
  void check(int rc) const;
  std::string ask(const std::string& sql) const;
  void set(const std::string& setting, const std::string& value, const std::string& expected) const;

  void connect();
  void move_log_at_end(bool moves) const noexcept;
  bool is_new() const;
  void make_settings(std::uint64_t log_bytes);
  void take_lock() const;
  void make_table() const;
  void prepare_all();
  void set_durability(durability d);
  void stretch_log();
  void check_whole() const;
  port::file_identity find_log() const noexcept;
  int flush_log() const noexcept;
  void move_log();
  void move_log_now();
  static int on_commit(void* database, sqlite3*, const char*, int pages) noexcept;

  const std::string path_, log_path_;
  writer writer_;
  readers readers_;  // closed before the writer
  port::file_identity log_;
  bool is_full_certain_ = false;
  std::optional<durability> in_force_ = durability::sync;
  bool has_written_ = false;  // since the last committed()
  bool is_flushed_ = true;    // all of the log
  int flushes_ = 0;           // commits that flushed
  int page_bytes_ = 0;
  int pages_ = 0;      // length of the log
  int pages_max_ = 0;  // length at which it is moved first
  int next_move_ = 0;  // length at which it is moved next
};

}  // namespace sqlite
}  // namespace v0
}  // namespace stet
