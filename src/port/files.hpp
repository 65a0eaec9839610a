// Files and directories. Every open here doesn't follow a symbolic link at the end of the name, and
// programs that this process executes don't inherit the file. Paths are UTF-8.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "port/errors.hpp"
#include "port/handle.hpp"

namespace stet { inline namespace v0 { namespace port {

enum class file_kind : std::uint8_t { regular, directory, link, other };

/// Identifies a file, whatever its name.
struct file_identity {
  std::uint64_t device = 0, number = 0;
  friend bool operator==(const file_identity&, const file_identity&) = default;
};

struct file_facts {
  file_identity identity;
  file_kind kind = file_kind::other;
  std::uint64_t bytes = 0;
  std::uint64_t names = 0;   ///< hard links
  std::uint64_t owner = 0;   ///< the number of the user who owns it
  bool open_to_all = false;  ///< all users may write
};

/// An open file or directory, which its destructor closes.
/// Thread: any may read; all else one at a time.
class file {
 public:
  file() = default;
  file(file&& o) noexcept : native_(std::exchange(o.native_, no_file)) {}
  file& operator=(file&& o) noexcept {
    std::swap(native_, o.native_);
    return *this;
  }
  ~file() { close(); }

  /// Takes over a file that the system has opened.
  static file own(native_file native) noexcept {
    file f;
    f.native_ = native;
    return f;
  }
  native_file native() const noexcept { return native_; }
  bool is_open() const noexcept { return native_ != no_file; }
  /// Closes it, if it is open.
  void close() noexcept;

  int look(file_facts& facts) const noexcept;
  /// Reads once: `got` bytes, 0 at the end of the file.
  int read_some(std::uint64_t at, char* to, std::size_t bytes, std::size_t& got) const noexcept;
  /// Reads up to `bytes`; `got` is less at the end of the file. `got` is also right after an error.
  int read(std::uint64_t at, char* to, std::size_t bytes, std::size_t& got) const noexcept;
  /// Writes all bytes. `written` says how many were written, also after an error.
  int write(std::uint64_t at, std::string_view bytes, std::size_t& written) const noexcept;
  int set_size(std::uint64_t bytes) const noexcept;
  /// Asks for one piece of the disk of this size. Fails if the disk has no such piece, or if the
  /// file system can't reserve one. If the operating system can't, it does nothing.
  int reserve(std::uint64_t bytes) const noexcept;
  /// Makes durable the bytes that were written, and the part of the file's metadata that is needed
  /// to read them.
  int flush_data() const noexcept;
  /// Makes durable all of the file, its metadata included.
  int flush() const noexcept;

 private:
  native_file native_ = no_file;
};

/// Opens a file to read and write it.
int open(const std::string& path, file& f) noexcept;
/// Makes a file that only the user of this process may open, whatever the umask. Fails if the name
/// is taken (is_taken).
int create(const std::string& path, file& f) noexcept;
/// The same, but opens the file if it exists.
int open_or_create(const std::string& path, file& f) noexcept;
/// The same for a directory.
int open_or_create_directory(const std::string& path, file& f) noexcept;
/// From now on only the user of this process may open it, or enter it if it is a directory.
int restrict_to_owner(const std::string& path, file_kind kind) noexcept;
/// Keeps a file that a library has opened from programs that this process executes.
void keep_from_programs(native_file f) noexcept;
int remove(const std::string& path) noexcept;
/// Makes the names in a directory durable; does nothing if the file system can't do that. An empty
/// name means the current directory.
int flush_directory(const std::string& directory) noexcept;

/// Gets the facts about the file to which a name leads.
int look(const std::string& path, file_facts& facts) noexcept;
/// The same, but doesn't follow symbolic links.
int look_at_name(const std::string& path, file_facts& facts) noexcept;
/// Returns true if the file belongs to the user of this process.
bool is_own(const file_facts& facts) noexcept;
/// Gets the absolute path without symbolic links.
int real_path(const std::string& path, std::string& real);

/// Gets the names in a directory, in no order.
int names_in(const std::string& directory, std::vector<std::string>& names);
/// Returns false also if the directory can't be read.
bool is_empty_directory(const std::string& directory);

/// A host may have closed its standard streams: its output would go to the next file that gets one
/// of their numbers. This opens the closed ones, so that no later file gets such a number.
void take_standard_streams() noexcept;

}  // namespace port
}  // namespace v0
}  // namespace stet
