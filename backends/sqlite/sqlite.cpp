// SQLite as a store. This part settles what SQLite leaves open: when the log is moved, and which
// failures end the store (SQLite itself would go on). For the file's ownership see
// backends/common/file_store.hpp.
#include <stet/sqlite.hpp>

#include "backends/common/checks.hpp"
#include "backends/common/file_store.hpp"
#include "database.hpp"

namespace stet { inline namespace v0 { namespace sqlite {
namespace {

constexpr std::size_t kKeyBytesMax = 511;

class sqlite_contents final : public backend::file_contents {
 public:
  sqlite_contents(const std::string& path, const options& o)
      : file_contents({.scheme = "sqlite", .path = path, .key_bytes_max = kKeyBytesMax},
                      backend::file_owner::lock_data::no, backend::file_owner::kind::file,
                      o.create),
        db_(owner_, o) {
    info_.value_bytes_max = db_.value_bytes_max();
  }

  std::optional<std::string> get(std::string_view key) override;
  void scan(const scan_range& range, visitor& v) override;
  void commit(const batch& b, durability d) override;
  void finish() override { db_.leave_one_file(); }
  void give_up() noexcept override { db_.leave_as_it_is(); }

 private:
  void write(const batch& b);
  int apply(const batch::operation& o);
  [[noreturn]] void fail_commit(int rc, bool committing);

  database db_;
};

std::optional<std::string> sqlite_contents::get(std::string_view key) {
  readers::lease from(db_.read_connections());
  statement::use getting(from->get);
  int rc = getting.bind(1, key).step();
  if (rc == SQLITE_ROW) return std::string(getting.bytes(0));
  if (rc == SQLITE_DONE) return std::nullopt;
  fail("sqlite get", info_.path, from->c.get(), rc);
}

void sqlite_contents::scan(const scan_range& range, visitor& v) {
  static const std::string behind_all(kKeyBytesMax + 1, '\xff');
  readers::lease from(db_.read_connections());
  statement::use scanning(range.backward ? from->backward : from->forward);
  const std::string_view end = range.to.empty() ? behind_all : range.to;
  scanning.bind(1, range.backward ? end : range.from);
  scanning.bind(2, range.backward ? range.from : end);
  for (std::string before;;) {
    int rc = scanning.step();
    if (rc == SQLITE_DONE) return;
    if (rc != SQLITE_ROW) fail("sqlite scan", info_.path, from->c.get(), rc);
    const std::string_view key = scanning.bytes(0);
    const bool is_inside = range.backward ? key >= range.from : key < end;
    if (!is_inside) return;
    backend::check_order(info_, range, before, key);
    before = key;
    if (!v.visit(key, scanning.bytes(1))) return;
  }
}

void sqlite_contents::commit(const batch& b, durability d) {
  db_.prepare(d);
  write(b);
  db_.committed(d);
}

namespace {

/// Rolls back, at its end, a transaction that wasn't committed.
struct transaction_end {
  writer& w;
  ~transaction_end() {
    if (sqlite3_get_autocommit(w.c.get()) == 0) statement::use(w.rollback).run();
  }
};

}  // namespace

void sqlite_contents::write(const batch& b) {
  writer& w = db_.write_connection();
  transaction_end on_exit{w};
  int rc = statement::use(w.begin).run();
  if (rc != SQLITE_OK) fail_commit(rc, false);
  backend::check_expectations(info_, b, [&](const std::string& key) {
    statement::use getting(w.get);
    int found = getting.bind(1, key).step();
    if (found != SQLITE_ROW && found != SQLITE_DONE) fail_commit(found, false);
    return found == SQLITE_ROW ? std::optional<std::string>(getting.bytes(0)) : std::nullopt;
  });
  for (const auto& o : b.operations()) {
    rc = apply(o);
    if (rc != SQLITE_OK) fail_commit(rc, false);
  }
  rc = statement::use(w.commit).run();
  if (rc != SQLITE_OK) fail_commit(rc, true);
}

int sqlite_contents::apply(const batch::operation& o) {
  writer& w = db_.write_connection();
  switch (o.what) {
    case batch::kind::put: return statement::use(w.put).bind(1, o.key).bind(2, o.value).run();
    case batch::kind::erase: return statement::use(w.erase).bind(1, o.key).run();
    case batch::kind::erase_range:
      return statement::use(w.erase_range).bind(1, o.key).bind(2, o.value).run();
    case batch::kind::expect: break;
  }
  return SQLITE_OK;
}

// Before COMMIT nothing can count. During COMMIT nothing counts before the last page is written
// whole; a COMMIT that finds another connection in the way has written nothing. But a failure of
// the device may be a failed flush, which is never tried again.
void sqlite_contents::fail_commit(int rc, bool committing) {
  sqlite3* c = db_.write_connection().c.get();
  const bool has_no_room = is_full(c, rc);
  const bool is_certain = !committing || is_busy(rc) || (has_no_room && db_.is_full_certain());
  const bool is_refused = is_certain && (has_no_room || kind_of(rc) != SQLITE_IOERR);
  fail("sqlite commit", info_.path, c, rc,
       is_refused ? commit_outcome::refused : commit_outcome::unknown);
}

}  // namespace

std::unique_ptr<store> open(const std::string& path, const options& o) {
  return std::make_unique<backend::file_store>(std::make_unique<sqlite_contents>(path, o));
}

}  // namespace sqlite
}  // namespace v0
}  // namespace stet
