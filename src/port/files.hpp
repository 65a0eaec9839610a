// Files and directories. All that is opened here is opened without following a symbolic link at the
// end of its name, and isn't inherited by programs that this process executes. Paths are UTF-8.
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

/// Of one file, under whatever name.
struct file_identity {
  std::uint64_t device = 0, number = 0;
  friend bool operator==(const file_identity&, const file_identity&) = default;
};

struct file_facts {
  file_identity identity;
  file_kind kind = file_kind::other;
  std::uint64_t bytes = 0;
  std::uint64_t names = 0;   ///< hard links
  std::uint64_t owner = 0;   ///< the number of the user to whom it belongs
  bool open_to_all = false;  ///< everybody may write
};

/// An open file or directory, which its destructor closes.
/// Thread: reads any; all else one at a time.
class file {
 public:
  file() = default;
  file(file&& o) noexcept : native_(std::exchange(o.native_, no_file)) {}
  file& operator=(file&& o) noexcept {
    std::swap(native_, o.native_);
    return *this;
  }
  ~file() { close(); }

  /// Takes over what the system has opened.
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
  /// Reads up to `bytes`; `got` is less where the file ends. After an error too, `got` is right.
  int read(std::uint64_t at, char* to, std::size_t bytes, std::size_t& got) const noexcept;
  /// Writes all of it. After an error too, `written` says how much was.
  int write(std::uint64_t at, std::string_view bytes, std::size_t& written) const noexcept;
  int set_size(std::uint64_t bytes) const noexcept;
  /// Asks for one piece of the disk of this size. Fails where there is none and where the file
  /// system has no such thing. Where the system has none, it does nothing.
  int reserve(std::uint64_t bytes) const noexcept;
  /// Makes durable what was written, and as much of what the system keeps of the file as is needed
  /// to read it.
  int flush_data() const noexcept;
  /// Makes durable all of the file.
  int flush() const noexcept;

 private:
  native_file native_ = no_file;
};

/// To read and write.
int open(const std::string& path, file& f) noexcept;
/// Makes a file that only the user of this process may open, whatever the umask. Fails if the name
/// is taken (is_taken).
int create(const std::string& path, file& f) noexcept;
/// The same, or opens what is there.
int open_or_create(const std::string& path, file& f) noexcept;
/// The same for a directory.
int open_or_create_directory(const std::string& path, file& f) noexcept;
/// From now on only the user of this process may open it, or enter it if it is a directory.
int restrict_to_owner(const std::string& path, file_kind kind) noexcept;
/// For a file that a library has opened.
void keep_from_programs(native_file f) noexcept;
int remove(const std::string& path) noexcept;
/// Makes durable which names a directory has; does nothing where a file system can't do that. An
/// empty name is the current directory's.
int flush_directory(const std::string& directory) noexcept;

/// Of what a name leads to.
int look(const std::string& path, file_facts& facts) noexcept;
/// The same, but symbolic links aren't followed.
int look_at_name(const std::string& path, file_facts& facts) noexcept;
/// True if it belongs to the user of this process.
bool is_own(const file_facts& facts) noexcept;
/// The absolute path without symbolic links.
int real_path(const std::string& path, std::string& real);

/// The names in a directory, in no order.
int names_in(const std::string& directory, std::vector<std::string>& names);
/// False also if it can't be read.
bool is_empty_directory(const std::string& directory);

/// A host may have closed its standard streams: what it prints would go to whichever file gets
/// their numbers. From now on that is none.
void take_standard_streams() noexcept;

}  // namespace port
}  // namespace v0
}  // namespace stet
