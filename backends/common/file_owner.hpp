// Sees to it that only one engine uses a store in a file or a directory, in this process and in
// others.
#pragma once
#include <string>
#include <string_view>

#include <stet/store.hpp>

#include "port/files.hpp"

namespace stet { inline namespace v0 { namespace backend {

/// Owns the data file of a store, or the directory that its files are in, from construction to
/// destruction.
///
/// Three guards, because each has a hole. A table of this process finds the file by (device,
/// inode), whatever its name, and refuses to open it twice: POSIX locks of a database library
/// vanish when any descriptor of the file is closed. flock on `path`.owner keeps other processes
/// out, ends with its holder and carries its pid. flock on the data file does the same for other
/// names of that file (hard links, mounts), and when `path`.owner was removed. Where the data file
/// can't be locked, hard links are refused, and the database takes a lock of its own on the file.
///
/// `path`.owner stays when the store is closed. It also remembers that a store was here, so that a
/// vanished or emptied data file is an error and not silently a new store.
///
/// After fork, a child's copy is foreign: a handler closes its descriptors, so that the locks end
/// with the parent. A child made by a bare clone system call has no such handler.
///
/// Invariant: while an object is alive and not foreign, it is in the table and holds its locks.
class file_owner {
 public:
  /// `no` is for databases that put POSIX locks on the data file (SQLite): some systems make the
  /// two kinds of lock collide. A file that exists isn't even opened then, because closing it would
  /// drop the locks that others in this process may have on it. A file that was open when this
  /// process was forked is refused: the database's table of locks was copied with it.
  enum class lock_data : bool { no, yes };
  enum class kind : bool { file, directory };
  /// `refuse` is for readers and tools: a mistyped path makes no store, and leaves no file.
  enum class if_missing : bool { create, refuse };

  /// Creates the file `path` if it is missing (mode 0600, a directory 0700, whatever the umask). If
  /// another process owns it, waits up to a second for that one's death: `kill` returns, and a
  /// supervisor starts the next one, before a killed process has let go of its locks.
  /// Throws store_error: errc::conflict if the file is owned, errc::corrupt if a store that was
  /// here is gone, errc::not_found if none was here and none is to be created, otherwise
  /// errc::store with the system's error. A symbolic link is followed only to a file that exists.
  file_owner(std::string_view scheme, const std::string& path, lock_data lock,
             kind what = kind::file, if_missing then = if_missing::create);
  file_owner(const file_owner&) = delete;
  file_owner& operator=(const file_owner&) = delete;
  ~file_owner();

  /// The path, absolute and free of symbolic links.
  const std::string& path() const noexcept { return path_; }
  /// "the file" or "the directory", for texts.
  const char* noun() const noexcept { return kind_ == kind::file ? "the file" : "the directory"; }
  /// The data file or directory; it stays open until destruction. With lock_data::no it isn't
  /// opened if the file existed before.
  const port::file& data() const noexcept { return data_; }

  /// Returns true if a store was completed here, now or earlier: mark_created() was called.
  bool is_created() const noexcept { return created_; }
  /// Returns true in a process forked from the one that opened the store: touch nothing. A few ns.
  bool is_foreign() const noexcept;
  /// Returns true if `path` still names the file that was opened. Costs a stat: 1 to 5
  /// microseconds.
  bool is_in_place() const noexcept;

  /// Creates a file beside the data file with mode 0600 if it is missing; refuses symbolic links.
  void create_side_file(std::string_view suffix) const;
  /// Call it when the database in a new file is complete (and, with lock_data::no, durable). Makes
  /// the file's name durable, then remembers that a store is here.
  void mark_created();

 private:
  friend struct owners;
  [[noreturn]] void fail(errc code, int native, std::string_view text) const;
  [[noreturn]] void fail_system(std::string_view what, const std::string& file, int native) const;
  [[noreturn]] void fail_owned_here(const file_owner& holder) const;
  [[noreturn]] void fail_owned_there() const;
  [[noreturn]] void fail_missing(std::string_view why) const;
  bool take(lock_data lock, bool may_wait);
  bool try_take(lock_data lock);
  void resolve(const std::string& path);
  void check_not_planted() const;
  void check_kind(port::file_kind there) const;
  void check_exists() const;
  bool take_name();
  void open_data(lock_data lock);
  bool take_data(lock_data lock);
  void check_not_vanished() const;
  void write_note();
  void take_back_note() const noexcept;
  void release() noexcept;

  std::string operation_;
  std::string path_;
  const kind kind_;
  const if_missing if_missing_;
  port::file data_, note_;  // note_ is the file `path`.owner
  bool created_ = false;    // the note says that a store was created here
  bool made_note_ = false;  // by one who is to create nothing
  port::file_identity identity_;
  unsigned generation_ = 0;  // the number of forks before it was opened
  file_owner *next_ = nullptr, *previous_ = nullptr;
};

}  // namespace backend
}  // namespace v0
}  // namespace stet
