// The file into which a logged store writes first.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <stet/store.hpp>

#include "port/files.hpp"

namespace stet { inline namespace v0 { namespace backend {

/// A file of fixed size. It is filled with zeros when it is made, so that flushing a later write
/// has no metadata to write. After each restart() it is used from its start again.
///
/// Invariant: everything before position_ was written whole, since the last restart.
/// Thread: one at a time. Throws: store_error, as "<scheme> commit" or "<scheme> open".
class log_file {
 public:
  /// Makes the file, durably, with a new id and room for at least `bytes`; mode 0600, whatever the
  /// umask. If that fails, or if the name is taken, no file of ours is left.
  static std::unique_ptr<log_file> create(std::string_view scheme, const std::string& path,
                                          std::uint64_t bytes);
  /// Returns null if the file doesn't exist. Doesn't follow a symbolic link.
  static std::unique_ptr<log_file> open(std::string_view scheme, const std::string& path);
  log_file(const log_file&) = delete;
  log_file& operator=(const log_file&) = delete;

  std::uint64_t id() const noexcept { return id_; }
  /// Returns the whole file, and remembers the id in its header.
  std::string read();

  bool has_room(std::size_t record_bytes) const noexcept;
  /// Writes a record. If it fails with outcome refused, the file is as if append had not been
  /// called.
  void append(std::string_view record);
  /// Makes durable what was appended. After a failure the outcome is unknown: don't use this
  /// object.
  void flush();
  /// Writes from the start again: the inner store has what the file holds.
  void restart() noexcept;

  /// Makes durable once more what the file held when it was opened, `log` up to `end`, and clears
  /// the rest. The next record follows at `end`. The pages are written again because they may look
  /// clean after a flush that failed.
  void keep(const std::string& log, std::size_t end);

  /// Makes the file anew, durably, with the same id and the same records, after it was removed or
  /// moved. If that fails, nothing has changed.
  void put_back();
  /// Returns true if the path still names this file.
  bool is_in_place() const noexcept;
  /// Removes the file's name if it still names this file.
  void remove() noexcept;

 private:
  log_file(std::string_view scheme, const std::string& path, port::file file);
  [[noreturn]] void fail(std::string_view operation, std::string_view what, int native,
                         commit_outcome outcome) const;
  int fill(std::string_view header, std::uint64_t bytes);
  int flush_directory() const;

  std::string scheme_, path_;
  port::file file_;
  std::uint64_t id_ = 0;
  std::size_t position_, size_ = 0;
};

}  // namespace backend
}  // namespace v0
}  // namespace stet
