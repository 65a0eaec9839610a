// The file that a logged store writes before all else.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <stet/store.hpp>

#include "port/files.hpp"

namespace stet { inline namespace v0 { namespace backend {

/// A file of fixed size, filled with zeros when it is made, so that a flush of what is written into
/// it later has no metadata to write. It is used from its start again after each restart().
///
/// Invariant: what lies before position_ was written whole, since the last restart.
/// Thread: one at a time. Throws: store_error, as "<scheme> commit" or "<scheme> open".
class log_file {
 public:
  /// Makes it, durably, with a new id and room for at least `bytes`; mode 0600, whatever the umask.
  /// If that fails, or if something has the name already, nothing is left behind.
  static std::unique_ptr<log_file> create(std::string_view scheme, const std::string& path,
                                          std::uint64_t bytes);
  /// Null if there is none. No symbolic link is followed.
  static std::unique_ptr<log_file> open(std::string_view scheme, const std::string& path);
  log_file(const log_file&) = delete;
  log_file& operator=(const log_file&) = delete;

  std::uint64_t id() const noexcept { return id_; }
  /// The whole file. Also what says which id it has.
  std::string read();

  bool has_room(std::size_t record_bytes) const noexcept;
  /// Writes a record. If it fails with outcome refused, the file is as if it had never been called.
  void append(std::string_view record);
  /// Makes durable what was appended. A failure is unknown: never go on with this object.
  void flush();
  /// From the start again: what the file holds is in the inner store.
  void restart() noexcept;

  /// Makes durable, once more, what was found when it was opened, `log` up to `end`, and clears the
  /// rest; the next record comes behind it. The pages may look clean after a flush that failed.
  void keep(const std::string& log, std::size_t end);

  /// Makes the file anew, durably, with the same id and the same records, after somebody has
  /// removed or moved it. If that fails, nothing has changed.
  void put_back();
  /// True if the path still names this file.
  bool is_in_place() const noexcept;
  /// Removes the name, if it still names this file.
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
