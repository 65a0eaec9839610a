// SQLite as a store: one file, in a format that every tool reads. Link stet-sqlite.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include <stet/store.hpp>

namespace stet { inline namespace v0 { namespace sqlite {

/// Options of an SQLite store.
struct options {
  /// Commits are appended to `path`-wal. When a commit fills it, that commit moves all of it into
  /// the store's file, which takes some tens of milliseconds; then it is written from its start
  /// again. It may grow beyond this size, by one commit, and while other programs read. 64 KiB to
  /// 512 MiB.
  std::uint64_t wal_bytes = 8u << 20;
  /// If false, a store that doesn't exist is errc::not_found, and no file is made: for readers and
  /// tools, so that a mistyped path is an error.
  bool create = true;
};

/// Opens or creates the store in the file `path`. It is a file of its own, not a table in another
/// database. Other files stand beside it: while it is open and after a crash `path`-wal (the latest
/// commits) and `path`-shm (SQLite's index of those), and always `path`.owner (says which process
/// has the store open, and that a store exists here). After close(), the file `path` is the whole
/// store: copy it; after a crash copy `path`-wal too. Files are made with mode 0600; nothing is
/// created through a symbolic link.
///
/// Other programs may read the file while it is open (sqlite3 bank.stet ".backup copy"), and must
/// not write it: while one does, commits are refused with errc::busy. No other engine can open it,
/// even if `path`.owner is removed: a lock on the file itself keeps it out, and ends at the latest
/// with this process.
///
/// If another process has it open, waits up to a second for the end of that one, which may be
/// dying: `kill` returns before the process is gone.
///
/// Throws   store_error: errc::conflict if an engine has it open, in this process (by any name of
///          the same file) or in another (the message has its pid), if another program holds it, or
///          if it was open when this process was forked; errc::corrupt if it is no SQLite file,
///          another program's, or cut short, or if `path`.owner says that a store was here and the
///          file is gone or empty (to begin afresh, remove all of these files); errc::full if there
///          is no room to take in the `path`-wal that a crash left; errc::not_found if there is
///          none and options::create is false. Otherwise errc::store with SQLite's and the system's
///          own error.
///
/// After fork, the child's copy answers every call with an error and touches nothing. SQLite has no
/// checksums in its file: it notices a damaged structure when it reads it, but not a changed byte
/// in a value.
///     stet::engine engine{stet::sqlite::open("bank.stet")};
STET_API std::unique_ptr<store> open(const std::string& path, const options& o = {});

}  // namespace sqlite
}}  // namespace stet::v0
