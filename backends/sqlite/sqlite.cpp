// SQLite as a store. What SQLite leaves open is closed here: who owns the file, when the log is
// moved, and that nothing goes on after a failed flush (SQLite itself would).
#include <stet/sqlite.hpp>

#include "backends/common/abandon.hpp"
#include "backends/common/checks.hpp"
#include "backends/common/file_owner.hpp"
#include "backends/common/poison.hpp"
#include "database.hpp"

namespace stet { inline namespace v0 { namespace sqlite {
namespace {

constexpr std::size_t kKeyBytesMax = 511;

/// What a store has open. `db` last: the file is released after its connections are closed.
struct opened {
  opened(const std::string& path, const options& o)
      : owner("sqlite", path, backend::file_owner::lock_data::no), db(owner, o) {}
  backend::file_owner owner;
  database db;
};

/// Thread: as store.
class sqlite_store final : public store {
 public:
  sqlite_store(const std::string& path, const options& o)
      : opened_(std::make_unique<opened>(path, o)),
        path_(opened_->owner.path()),
        value_bytes_max_(opened_->db.value_bytes_max()) {}
  ~sqlite_store() override {
    try {
      sqlite_store::close();
    } catch (...) {  // close() tells; a destructor can't
    }
  }

  std::optional<std::string> get(std::string_view key) override;
  void scan(const scan_range& range, visitor& v) override;
  void commit(const batch& b, durability d) override;
  void close() override;
  store_info info() const override {
    return {.scheme = "sqlite",
            .path = path_,
            .key_bytes_max = kKeyBytesMax,
            .value_bytes_max = value_bytes_max_};
  }

 private:
  backend::limits limits() const { return {"sqlite", path_, kKeyBytesMax, value_bytes_max_}; }
  void check_usable(std::string_view what) const;
  void write(const batch& b);
  void check_expectations(const batch& b) const;
  int apply(const batch::operation& o) const;
  [[noreturn]] void fail_commit(int rc, bool committing) const;

  std::unique_ptr<opened> opened_;  // null: closed
  const std::string path_;
  const std::size_t value_bytes_max_;
  backend::poison poison_;
};

void sqlite_store::check_usable(std::string_view what) const {
  if (opened_ == nullptr) backend::fail_closed(limits(), what);
  if (opened_->owner.is_foreign()) backend::fail_foreign(limits(), what);
  poison_.check(limits(), what);
}

std::optional<std::string> sqlite_store::get(std::string_view key) {
  check_usable("get");
  backend::check_key(limits(), "get", key);
  readers::lease from(opened_->db.read_connections());
  statement::use getting(from->get);
  int rc = getting.bind(1, key).step();
  if (rc == SQLITE_ROW) return std::string(getting.bytes(0));
  if (rc == SQLITE_DONE) return std::nullopt;
  fail("sqlite get", path_, from->c.get(), rc);
}

void sqlite_store::scan(const scan_range& range, visitor& v) {
  check_usable("scan");
  if (backend::is_empty(range)) return;
  static const std::string behind_all(kKeyBytesMax + 1, '\xff');
  readers::lease from(opened_->db.read_connections());
  statement::use scanning(range.backward ? from->backward : from->forward);
  const std::string_view end = range.to.empty() ? behind_all : range.to;
  scanning.bind(1, range.backward ? end : range.from);
  scanning.bind(2, range.backward ? range.from : end);
  for (std::string before;;) {
    int rc = scanning.step();
    if (rc == SQLITE_DONE) return;
    if (rc != SQLITE_ROW) fail("sqlite scan", path_, from->c.get(), rc);
    const std::string_view key = scanning.bytes(0);
    const bool is_inside = range.backward ? key >= range.from : key < end;
    if (!is_inside) return;
    backend::check_order(limits(), range, before, key);
    before = key;
    if (!v.visit(key, scanning.bytes(1))) return;
  }
}

void sqlite_store::commit(const batch& b, durability d) {
  check_usable("commit");
  backend::check_batch(limits(), b);
  backend::check_in_place(limits(), opened_->owner, poison_);
  try {
    opened_->db.prepare(d);
    write(b);
    opened_->db.committed(d);
  } catch (const store_error& e) {
    if (e.outcome() == commit_outcome::unknown) poison_.set(e.what());
    throw;
  }
}

namespace {

/// Ends a transaction that wasn't committed.
struct transaction_end {
  writer& w;
  ~transaction_end() {
    if (sqlite3_get_autocommit(w.c.get()) == 0) statement::use(w.rollback).run();
  }
};

}  // namespace

void sqlite_store::write(const batch& b) {
  writer& w = opened_->db.write_connection();
  transaction_end on_exit{w};
  int rc = statement::use(w.begin).run();
  if (rc != SQLITE_OK) fail_commit(rc, false);
  check_expectations(b);
  for (const auto& o : b.operations()) {
    rc = apply(o);
    if (rc != SQLITE_OK) fail_commit(rc, false);
  }
  rc = statement::use(w.commit).run();
  if (rc != SQLITE_OK) fail_commit(rc, true);
}

void sqlite_store::check_expectations(const batch& b) const {
  for (const auto& o : b.operations()) {
    if (o.what != batch::kind::expect) continue;
    statement::use getting(opened_->db.write_connection().get);
    int rc = getting.bind(1, o.key).step();
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) fail_commit(rc, false);
    std::optional<std::string_view> value;
    if (rc == SQLITE_ROW) value = getting.bytes(0);
    backend::check_expectation(limits(), o, value);
  }
}

int sqlite_store::apply(const batch::operation& o) const {
  writer& w = opened_->db.write_connection();
  switch (o.what) {
    case batch::kind::put: return statement::use(w.put).bind(1, o.key).bind(2, o.value).run();
    case batch::kind::erase: return statement::use(w.erase).bind(1, o.key).run();
    case batch::kind::erase_range:
      return statement::use(w.erase_range).bind(1, o.key).bind(2, o.value).run();
    case batch::kind::expect: break;
  }
  return SQLITE_OK;
}

// Before COMMIT nothing can count, and in it nothing does before its last page is written whole;
// one that finds another connection in the way has written nothing.
// But a device that fails may have failed a flush, which is never tried again.
void sqlite_store::fail_commit(int rc, bool committing) const {
  sqlite3* c = opened_->db.write_connection().c.get();
  const bool has_no_room = is_full(c, rc);
  const bool is_certain =
      !committing || is_busy(rc) || (has_no_room && opened_->db.is_full_certain());
  const bool is_refused = is_certain && (has_no_room || kind_of(rc) != SQLITE_IOERR);
  fail("sqlite commit", path_, c, rc,
       is_refused ? commit_outcome::refused : commit_outcome::unknown);
}

void sqlite_store::close() {
  if (opened_ == nullptr) return;
  // SQLite must not be called at all in a forked child, not even to close.
  if (opened_->owner.is_foreign()) return backend::abandon(std::move(opened_));
  std::optional<store_error> failure;
  try {
    if (poison_.is_set()) opened_->db.leave_as_it_is();
    else opened_->db.leave_one_file();
  } catch (const store_error& e) {
    failure = e;
    opened_->db.leave_as_it_is();
  }
  opened_.reset();
  if (failure) throw store_error(*failure);
}

}  // namespace

std::unique_ptr<store> open(const std::string& path, const options& o) {
  return std::make_unique<sqlite_store>(path, o);
}

}  // namespace sqlite
}  // namespace v0
}  // namespace stet
