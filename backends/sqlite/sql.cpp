#include "sql.hpp"

#include "backends/common/no_room.hpp"

namespace stet { inline namespace v0 { namespace sqlite {
namespace {

errc code_of(int rc, int native) noexcept {
  switch (kind_of(rc)) {
    case SQLITE_FULL: return errc::full;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return errc::corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return errc::busy;
    case SQLITE_TOOBIG: return errc::usage;
    default: return backend::is_no_room(native) ? errc::full : errc::store;
  }
}

/// Returns errno of the log's last failure, or 0. A commit of SQLite's doesn't pass it on.
int errno_of_log(sqlite3* c) noexcept {
  int native = 0;
  if (auto* log = log_of(c)) log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &native);
  return native;
}

/// Returns the errno from which `rc` comes, or 0.
int errno_of(sqlite3* c, int rc) noexcept {
  const int kind = kind_of(rc);
  if (c == nullptr || (kind != SQLITE_IOERR && kind != SQLITE_CANTOPEN)) return 0;
  const int native = sqlite3_extended_errcode(c) == rc ? sqlite3_system_errno(c) : 0;
  return native != 0 || kind != SQLITE_IOERR ? native : errno_of_log(c);
}

}  // namespace

bool is_full(sqlite3* c, int rc) noexcept {
  return kind_of(rc) == SQLITE_FULL ||
         (rc == SQLITE_IOERR_WRITE && backend::is_no_room(errno_of(c, rc)));
}

void fail(std::string_view operation, std::string_view path, sqlite3* c, int rc,
          commit_outcome outcome) {
  const bool has_text = c != nullptr && sqlite3_extended_errcode(c) == rc;
  std::string text = has_text ? sqlite3_errmsg(c) : sqlite3_errstr(rc);
  const int native = errno_of(c, rc);
  if (native != 0) text += ": " + port::text_of(native);
  const errc code = backend::honest(code_of(rc, native), outcome);
  if (is_busy(rc)) text += "; another program holds it: close that first";
  throw store_error(code, operation, path, rc, text, outcome);
}

sqlite3_file* log_of(sqlite3* c) noexcept {
  sqlite3_file* log = nullptr;
  void* out = static_cast<void*>(&log);
  int rc = sqlite3_file_control(c, "main", SQLITE_FCNTL_JOURNAL_POINTER, out);
  return rc == SQLITE_OK && log != nullptr && log->pMethods != nullptr ? log : nullptr;
}

int ask(sqlite3* c, const std::string& sql, std::string& answer) {
  statement s;
  int rc = s.prepare(c, sql.c_str());
  if (rc != SQLITE_OK) return rc;
  statement::use asking(s);
  rc = asking.step();
  if (rc == SQLITE_ROW) answer = asking.bytes(0);
  return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

}  // namespace sqlite
}  // namespace v0
}  // namespace stet
