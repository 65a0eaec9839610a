// A RocksDB directory, opened with our settings, and the errors for RocksDB's statuses.
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

/// Thread: any may read through get(); all else is for the committing thread.
class database {
 public:
  /// Opens the directory that `owner` owns, or makes a store in it. The owner must outlive the
  /// database.
  /// Throws store_error, as stet::rocksdb::open says.
  database(backend::file_owner& owner, const options& o);

  native::DB* get() const noexcept { return db_.get(); }

  /// Throws errc::full unless the file system has room for `bytes` more, and for the files that
  /// RocksDB makes of its memory later. A batch that `erases` may use half of the room for these
  /// files.
  void check_room(std::size_t bytes, bool erases) const;
  /// Tries to write a file, and throws errc::full if that fails: a quota shows only then.
  void check_writable(std::size_t bytes) const;
  /// Returns true if the last write() found no room in the log, so that certainly nothing of it is
  /// stored. From then on nothing can be written; reads go on. To write again, open another
  /// database.
  bool is_log_full() const noexcept { return threads_.is_log_full(); }
  /// Adds a proof to the batch (wal_proof.hpp) and writes it.
  native::Status write(native::WriteBatch& b, bool flush);
  /// Returns true if the last commit was made durable; then all are.
  bool is_flushed() const noexcept { return is_flushed_; }
  /// Makes everything durable, with a proof in the log.
  native::Status close();
  /// From now on nothing is written, not even by the destructor.
  void end() noexcept { threads_.end(); }

 private:
  void leave_one_log();

  const backend::file_owner& owner_;
  const std::uint64_t memtable_bytes_;
  own_threads threads_;
  std::unique_ptr<native::DB> db_;
  std::string id_;
  std::uint64_t durable_ = 0;  // the last sequence number that is durable
  bool is_flushed_ = true;
  bool is_proved_ = true;  // nothing was written since the last proof
};

}  // namespace rocksdb
}  // namespace v0
}  // namespace stet
