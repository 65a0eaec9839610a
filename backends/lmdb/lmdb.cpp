// LMDB as a store. This part settles what LMDB leaves open: when the map grows, and which failures
// end the store (LMDB itself would go on). For the file's ownership see
// backends/common/file_store.hpp.
#include <stet/lmdb.hpp>

#include <algorithm>
#include <cerrno>

#include "backends/common/checks.hpp"
#include "backends/common/file_store.hpp"
#include "backends/common/logged_store.hpp"
#include "database.hpp"

namespace stet { inline namespace v0 { namespace lmdb {
namespace {

constexpr std::size_t kKeyBytesMax = 511;
constexpr std::size_t kValueBytesMax = 1u << 30;

class lmdb_contents final : public backend::file_contents {
 public:
  lmdb_contents(const std::string& path, const options& o)
      : file_contents({.scheme = "lmdb",
                       .path = path,
                       .key_bytes_max = kKeyBytesMax,
                       .value_bytes_max = kValueBytesMax},
                      backend::file_owner::lock_data::yes, backend::file_owner::kind::file,
                      o.create),
        db_(owner_, o) {}

  std::optional<std::string> get(std::string_view key) override;
  void scan(const scan_range& range, visitor& v) override;
  void commit(const batch& b, durability d) override;
  void finish() override;
  /// While true, commits are changes that the log moves: they leave the reserve alone.
  void set_moving(bool yes) noexcept { is_moving_ = yes; }

 private:
  /// The end of one try of a batch: LMDB's code, and whether the commit itself returned it.
  struct attempt {
    int rc;
    bool committing;
  };

  attempt try_once(const batch& b);
  void check_expectations(const txn& t, const batch& b);
  int apply(const txn& t, const batch& b) const;
  int erase_range(const cursor& c, const std::string& from, const std::string& to) const;
  [[noreturn]] void fail_commit(attempt a);

  database db_;
  bool is_moving_ = false;
};

std::optional<std::string> lmdb_contents::get(std::string_view key) {
  readers::lease lease(db_.read_transactions());
  std::optional<std::string_view> value;
  int rc = lease.begin();
  if (rc == MDB_SUCCESS) rc = lmdb::get(lease.transaction(), db_.table(), key, value);
  if (rc != MDB_SUCCESS) fail("lmdb get", info_.path, rc);
  return std::optional<std::string>(value);
}

void lmdb_contents::scan(const scan_range& range, visitor& v) {
  readers::lease lease(db_.read_transactions());
  cursor c;
  place p;
  int rc = lease.begin();
  if (rc == MDB_SUCCESS) { rc = mdb_cursor_open(lease.transaction().get(), db_.table(), c.out()); }
  if (rc == MDB_SUCCESS) {
    if (!range.backward) {
      rc = seek(c, range.from, p);
    } else {
      rc = range.to.empty() ? MDB_NOTFOUND : seek(c, range.to, p);
      // The cursor is at the first key past the range, or past all keys.
      rc = move(c, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV, p);
    }
  }
  std::string_view before;
  for (; rc == MDB_SUCCESS; rc = move(c, range.backward ? MDB_PREV : MDB_NEXT, p)) {
    std::string_view key = to_view(p.key);
    bool inside = range.backward ? key >= range.from : range.to.empty() || key < range.to;
    if (!inside) return;
    backend::check_order(info_, range, before, key);
    before = key;
    if (!v.visit(key, to_view(p.value))) return;
  }
  if (rc != MDB_NOTFOUND) fail("lmdb scan", info_.path, rc);
}

void lmdb_contents::commit(const batch& b, durability d) {
  if (int rc = db_.set_durability(d)) fail("lmdb commit", info_.path, rc);
  const bool may_use_reserve = backend::makes_room(b) && !is_moving_;
  for (;;) {
    attempt a = try_once(b);
    if (a.rc == MDB_SUCCESS) break;
    if (a.rc != MDB_MAP_FULL || !db_.make_room(may_use_reserve)) fail_commit(a);
  }
  db_.committed();
}

lmdb_contents::attempt lmdb_contents::try_once(const batch& b) {
  txn t;
  int rc = mdb_txn_begin(db_.env(), nullptr, 0, t.out());
  if (rc == MDB_SUCCESS) check_expectations(t, b);
  if (rc == MDB_SUCCESS) rc = apply(t, b);
  if (rc != MDB_SUCCESS) return {rc, false};
  return {db_.commit(std::move(t)), true};
}

void lmdb_contents::check_expectations(const txn& t, const batch& b) {
  backend::check_expectations(info_, b, [&](const std::string& key) {
    std::optional<std::string_view> value;
    int rc = lmdb::get(t, db_.table(), key, value);
    if (rc != MDB_SUCCESS) fail_commit({rc, false});
    return value;
  });
}

int lmdb_contents::apply(const txn& t, const batch& b) const {
  cursor c;
  int rc = mdb_cursor_open(t.get(), db_.table(), c.out());
  for (const auto& o : b.operations()) {
    if (rc != MDB_SUCCESS) return rc;
    MDB_val key = to_val(o.key), value = to_val(o.value);
    switch (o.what) {
      case batch::kind::put: rc = mdb_cursor_put(c.get(), &key, &value, 0); break;
      case batch::kind::erase:
        rc = mdb_del(t.get(), db_.table(), &key, nullptr);
        if (rc == MDB_NOTFOUND) rc = MDB_SUCCESS;
        break;
      case batch::kind::erase_range: rc = erase_range(c, o.key, o.value); break;
      case batch::kind::expect: break;
    }
  }
  return rc;
}

int lmdb_contents::erase_range(const cursor& c, const std::string& from,
                               const std::string& to) const {
  place p;
  int rc = from < to ? seek(c, from, p) : MDB_NOTFOUND;
  while (rc == MDB_SUCCESS && to_view(p.key) < to) {
    rc = mdb_cursor_del(c.get(), 0);
    if (rc == MDB_SUCCESS) rc = move(c, MDB_NEXT, p);  // after a deletion: the key that follows it
  }
  return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

void lmdb_contents::fail_commit(attempt a) {
  if (a.rc == MDB_PANIC) {
    poison_.set(mdb_strerror(a.rc));
    fail("lmdb commit", info_.path, a.rc);
  }
  // Only these failures leave no doubt: LMDB writes the page that makes a transaction the latest
  // after all other pages, and panics if that write fails.
  const bool has_room_issue = kind_of(a.rc) == errc::full || a.rc == ENOMEM;
  const bool is_clean = a.rc != EIO && (!a.committing || has_room_issue);
  const bool is_known = is_clean && !(a.committing && db_.has_panicked());
  fail("lmdb commit", info_.path, a.rc,
       is_known ? commit_outcome::refused : commit_outcome::unknown);
}

void lmdb_contents::finish() {
  int rc = db_.flush();
  if (rc != MDB_SUCCESS) fail("lmdb close", info_.path, rc, commit_outcome::unknown);
}

}  // namespace

std::unique_ptr<store> open(const std::string& path, const options& o) {
  auto contents = std::make_unique<lmdb_contents>(path, o);
  auto tell = [raw = contents.get()](bool yes) { raw->set_moving(yes); };
  auto s = std::make_unique<backend::file_store>(std::move(contents));
  auto check = [raw = s.get()] { raw->check_in_place(); };
  return backend::add_log(std::move(s),
                          {.bytes = log_bytes_of(o), .check_in_place = check, .is_moving = tell});
}

}  // namespace lmdb
}  // namespace v0
}  // namespace stet
