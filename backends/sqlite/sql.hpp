// SQLite's C interface behind classes that clean up. Calls return SQLite's extended code where the
// caller must tell codes apart.
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
/// To be declared before its statements.
using connection = std::unique_ptr<sqlite3, connection_end>;

/// An extended code without its details.
constexpr int kind_of(int rc) noexcept { return rc & 0xff; }

/// True if `rc`, which `c` has just returned, means that there is no room. SQLite knows one of the
/// system's numbers for that only.
bool is_full(sqlite3* c, int rc) noexcept;
/// True if another connection is in the way, which may be gone later.
constexpr bool is_busy(int rc) noexcept {
  return kind_of(rc) == SQLITE_BUSY || kind_of(rc) == SQLITE_LOCKED;
}

/// Throws store_error for `rc`, which `c` has just returned (null: there is none).
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

  /// From construction to destruction the statement may be run: once.
  class use {
   public:
    explicit use(statement& s) : raw_(s.raw_) {}
    use(const use&) = delete;
    use& operator=(const use&) = delete;
    ~use() { sqlite3_reset(raw_); }

    /// The bytes are not copied. What goes wrong is what step() returns.
    use& bind(int at, std::string_view bytes) {
      const char* data = bytes.empty() ? "" : bytes.data();  // a null pointer would be NULL
      int rc = sqlite3_bind_blob64(raw_, at, data, bytes.size(), SQLITE_STATIC);
      if (rc != SQLITE_OK) failed_ = rc;
      return *this;
    }
    /// SQLITE_ROW, SQLITE_DONE, or what went wrong.
    int step() { return failed_ != SQLITE_OK ? failed_ : sqlite3_step(raw_); }
    /// For a statement that gives no rows: SQLITE_OK, or what went wrong.
    int run() {
      int rc = step();
      return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
    }
    /// Of the current row; valid until the next step. Throws std::bad_alloc.
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

/// The write-ahead log as the connection has it open; null if it hasn't.
sqlite3_file* log_of(sqlite3* c) noexcept;

/// The first column of the first row as text; empty if there is none.
int ask(sqlite3* c, const std::string& sql, std::string& answer);

}  // namespace sqlite
}  // namespace v0
}  // namespace stet
