// A RocksDB directory, opened with our settings, and what its statuses mean.
#pragma once
#include <rocksdb/db.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <stet/rocksdb.hpp>

#include "backends/common/file_owner.hpp"
#include "own_threads.hpp"

namespace stet { inline namespace v0 { namespace rocksdb {

/// Throws store_error for a status that isn't ok.
[[noreturn]] void fail(std::string_view operation, std::string_view path, const native::Status& s,
                       commit_outcome outcome = commit_outcome::refused);

/// Thread: reads through get() any; all else the committing thread.
class database {
 public:
  /// Opens the directory that `owner` owns, which outlives it, or makes a store in it. Throws
  /// store_error, as stet::rocksdb::open says.
  database(backend::file_owner& owner, const options& o);

  native::DB* get() const noexcept { return db_.get(); }

  /// Throws errc::full unless the file system has room for `bytes` more, and for what RocksDB makes
  /// of its memory later. A batch that `erases` may use half of the latter.
  void check_room(std::size_t bytes, bool erases) const;
  /// Throws errc::full unless files can be written as well: a quota isn't known before.
  void check_writable(std::size_t bytes) const;
  /// True if the last write() that failed found no room in the log, so that certainly nothing of
  /// it is there. From then on nothing can be written, and reads go on: open another.
  bool is_log_full() const noexcept { return threads_.is_log_full(); }
  /// Adds a proof to the batch (wal_proof.hpp) and writes it.
  native::Status write(native::WriteBatch& b, bool flush);
  /// The last commit was made durable, and so all are.
  bool is_flushed() const noexcept { return is_flushed_; }
  /// Makes everything durable, and provably so.
  native::Status close();
  /// From here on nothing is written, by the destructor neither.
  void end() noexcept { threads_.end(); }

 private:
  void leave_one_log();

  const backend::file_owner& owner_;
  const std::uint64_t memtable_bytes_;
  own_threads threads_;
  std::unique_ptr<native::DB> db_;
  std::string id_;
  std::uint64_t durable_ = 0;  // the last sequence number that is
  bool is_flushed_ = true;
  bool is_proved_ = true;  // nothing was written since the last proof
};

}  // namespace rocksdb
}  // namespace v0
}  // namespace stet
