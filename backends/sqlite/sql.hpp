// SQLite's C interface, wrapped in classes that clean up. Calls return SQLite's extended code where
// the caller must tell codes apart.
#pragma once
#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <stet/store.hpp>

namespace stet { inline namespace v0 { namespace sqlite {

struct connection_end {
  void operator()(sqlite3* c) const noexcept { sqlite3_close_v2(c); }
};
/// Declare it before its statements: they must end first.
using connection = std::unique_ptr<sqlite3, connection_end>;

/// Returns an extended code without its details.
constexpr int kind_of(int rc) noexcept { return rc & 0xff; }

/// Returns true if `rc`, which `c` has just returned, means that there is no room. SQLite itself
/// understands only one of the system's numbers for that.
bool is_full(sqlite3* c, int rc) noexcept;
/// Returns true if another connection is in the way, which may be gone later.
constexpr bool is_busy(int rc) noexcept {
  return kind_of(rc) == SQLITE_BUSY || kind_of(rc) == SQLITE_LOCKED;
}

/// Throws store_error for `rc`, which `c` has just returned. `c` may be null.
[[noreturn]] void fail(std::string_view operation, std::string_view path, sqlite3* c, int rc,
                       commit_outcome outcome = commit_outcome::refused);

/// A prepared statement, kept for many uses.
class statement {
 public:
  statement() = default;
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;
  ~statement() { sqlite3_finalize(raw_); }

  int prepare(sqlite3* c, const char* sql) {
    return sqlite3_prepare_v3(c, sql, -1, SQLITE_PREPARE_PERSISTENT, &raw_, nullptr);
  }

  /// While this object lives the statement may be run, once.
  class use {
   public:
    explicit use(statement& s) : raw_(s.raw_) {}
    use(const use&) = delete;
    use& operator=(const use&) = delete;
    ~use() { sqlite3_reset(raw_); }

    /// Binds the bytes without a copy. If that fails, step() returns the failure.
    use& bind(int at, std::string_view bytes) {
      const char* data = bytes.empty() ? "" : bytes.data();  // a null pointer would be NULL
      int rc = sqlite3_bind_blob64(raw_, at, data, bytes.size(), SQLITE_STATIC);
      if (rc != SQLITE_OK) failed_ = rc;
      return *this;
    }
    /// Returns SQLITE_ROW, SQLITE_DONE, or the failure.
    int step() { return failed_ != SQLITE_OK ? failed_ : sqlite3_step(raw_); }
    /// For a statement that gives no rows. Returns SQLITE_OK, or the failure.
    int run() {
      int rc = step();
      return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
    }
    /// A column of the current row; valid until the next step. Throws std::bad_alloc.
    std::string_view bytes(int column) {
      const void* data = sqlite3_column_blob(raw_, column);
      auto size = static_cast<std::size_t>(sqlite3_column_bytes(raw_, column));
      if (data != nullptr) return {static_cast<const char*>(data), size};
      if (sqlite3_errcode(sqlite3_db_handle(raw_)) == SQLITE_NOMEM) throw std::bad_alloc();
      return {};
    }

   private:
    sqlite3_stmt* raw_;
    int failed_ = SQLITE_OK;
  };

 private:
  sqlite3_stmt* raw_ = nullptr;
};

/// The write-ahead log as the connection has it open; null if it has none.
sqlite3_file* log_of(sqlite3* c) noexcept;

/// Sets `answer` to the first column of the first row, as text; empty if there is no row.
int ask(sqlite3* c, const std::string& sql, std::string& answer);

}  // namespace sqlite
}  // namespace v0
}  // namespace stet
