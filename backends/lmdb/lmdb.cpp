// LMDB as a store. What LMDB leaves open is closed here: who owns the file, when the map grows, and
// that nothing goes on after a failed flush (LMDB itself would).
#include <stet/lmdb.hpp>

#include <algorithm>
#include <cerrno>

#include "backends/common/abandon.hpp"
#include "backends/common/checks.hpp"
#include "backends/common/file_owner.hpp"
#include "backends/common/logged_store.hpp"
#include "backends/common/poison.hpp"
#include "database.hpp"

namespace stet { inline namespace v0 { namespace lmdb {
namespace {

constexpr std::size_t kKeyBytesMax = 511;
constexpr std::size_t kValueBytesMax = 1u << 30;

/// What a store has open. `db` first: the file is released after the environment is closed.
struct opened {
  opened(const std::string& path, const options& o)
      : owner("lmdb", path, backend::file_owner::lock_data::yes), db(owner, o) {}
  backend::file_owner owner;
  database db;
};

/// Thread: as store.
class lmdb_store final : public store {
 public:
  lmdb_store(const std::string& path, const options& o)
      : opened_(std::make_unique<opened>(path, o)), path_(opened_->owner.path()) {}
  ~lmdb_store() override {
    try {
      lmdb_store::close();
    } catch (...) {  // close() tells; a destructor can't
    }
  }

  std::optional<std::string> get(std::string_view key) override;
  void scan(const scan_range& range, visitor& v) override;
  void commit(const batch& b, durability d) override;
  void close() override;
  void check_in_place() { backend::check_in_place(limits(), opened_->owner, poison_); }
  /// What is committed from now on was committed before, to the log: it leaves the reserve alone.
  void set_moving(bool yes) noexcept { is_moving_ = yes; }
  store_info info() const override {
    return {.scheme = "lmdb",
            .path = path_,
            .key_bytes_max = kKeyBytesMax,
            .value_bytes_max = kValueBytesMax};
  }

 private:
  /// How one try of a batch ended: LMDB's code, and whether it came from the commit itself.
  struct attempt {
    int rc;
    bool committing;
  };

  backend::limits limits() const { return {"lmdb", path_, kKeyBytesMax, kValueBytesMax}; }
  void check_usable(std::string_view what) const;
  attempt try_once(const batch& b);
  int check_expectations(const txn& t, const batch& b) const;
  int apply(const txn& t, const batch& b) const;
  int erase_range(const cursor& c, const std::string& from, const std::string& to) const;
  [[noreturn]] void fail_commit(attempt a);

  std::unique_ptr<opened> opened_;  // null: closed
  const std::string path_;
  bool is_moving_ = false;
  backend::poison poison_;
};

void lmdb_store::check_usable(std::string_view what) const {
  if (opened_ == nullptr) backend::fail_closed(limits(), what);
  if (opened_->owner.is_foreign()) backend::fail_foreign(limits(), what);
  poison_.check(limits(), what);
}

std::optional<std::string> lmdb_store::get(std::string_view key) {
  check_usable("get");
  backend::check_key(limits(), "get", key);
  readers::lease lease(opened_->db.read_transactions());
  std::string_view value;
  int rc = lease.begin();
  if (rc == MDB_SUCCESS) {
    rc = lmdb::get(lease.transaction(), opened_->db.table(), key, value);
    if (rc == MDB_SUCCESS) return std::string(value);
    if (rc == MDB_NOTFOUND) return std::nullopt;
  }
  fail("lmdb get", path_, rc);
}

void lmdb_store::scan(const scan_range& range, visitor& v) {
  check_usable("scan");
  if (backend::is_empty(range)) return;
  readers::lease lease(opened_->db.read_transactions());
  cursor c;
  place p;
  int rc = lease.begin();
  if (rc == MDB_SUCCESS) {
    rc = mdb_cursor_open(lease.transaction().get(), opened_->db.table(), c.out());
  }
  if (rc == MDB_SUCCESS) {
    if (!range.backward) {
      rc = seek(c, range.from, p);
    } else {
      rc = range.to.empty() ? MDB_NOTFOUND : seek(c, range.to, p);
      // On the first key behind the range, or behind all keys.
      rc = move(c, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV, p);
    }
  }
  std::string_view before;
  for (; rc == MDB_SUCCESS; rc = move(c, range.backward ? MDB_PREV : MDB_NEXT, p)) {
    std::string_view key = to_view(p.key);
    bool inside = range.backward ? key >= range.from : range.to.empty() || key < range.to;
    if (!inside) return;
    backend::check_order(limits(), range, before, key);
    before = key;
    if (!v.visit(key, to_view(p.value))) return;
  }
  if (rc != MDB_NOTFOUND) fail("lmdb scan", path_, rc);
}

void lmdb_store::commit(const batch& b, durability d) {
  check_usable("commit");
  backend::check_batch(limits(), b);
  check_in_place();
  if (int rc = opened_->db.set_durability(d)) fail("lmdb commit", path_, rc);
  const bool may_use_reserve = backend::makes_room(b) && !is_moving_;
  try {
    for (;;) {
      attempt a = try_once(b);
      if (a.rc == MDB_SUCCESS) break;
      if (a.rc != MDB_MAP_FULL || !opened_->db.make_room(may_use_reserve)) fail_commit(a);
    }
    opened_->db.committed();
  } catch (const store_error& e) {
    if (e.outcome() == commit_outcome::unknown) poison_.set(e.what());
    throw;
  }
}

lmdb_store::attempt lmdb_store::try_once(const batch& b) {
  txn t;
  int rc = mdb_txn_begin(opened_->db.env(), nullptr, 0, t.out());
  if (rc == MDB_SUCCESS) rc = check_expectations(t, b);
  if (rc == MDB_SUCCESS) rc = apply(t, b);
  if (rc != MDB_SUCCESS) return {rc, false};
  return {opened_->db.commit(std::move(t)), true};
}

int lmdb_store::check_expectations(const txn& t, const batch& b) const {
  for (const auto& o : b.operations()) {
    if (o.what != batch::kind::expect) continue;
    std::string_view value;
    int found = lmdb::get(t, opened_->db.table(), o.key, value);
    if (found != MDB_SUCCESS && found != MDB_NOTFOUND) return found;
    backend::check_expectation(limits(), o,
                               found == MDB_SUCCESS ? std::optional(value) : std::nullopt);
  }
  return MDB_SUCCESS;
}

int lmdb_store::apply(const txn& t, const batch& b) const {
  cursor c;
  int rc = mdb_cursor_open(t.get(), opened_->db.table(), c.out());
  for (const auto& o : b.operations()) {
    if (rc != MDB_SUCCESS) return rc;
    MDB_val key = to_val(o.key), value = to_val(o.value);
    switch (o.what) {
      case batch::kind::put: rc = mdb_cursor_put(c.get(), &key, &value, 0); break;
      case batch::kind::erase:
        rc = mdb_del(t.get(), opened_->db.table(), &key, nullptr);
        if (rc == MDB_NOTFOUND) rc = MDB_SUCCESS;
        break;
      case batch::kind::erase_range: rc = erase_range(c, o.key, o.value); break;
      case batch::kind::expect: break;
    }
  }
  return rc;
}

int lmdb_store::erase_range(const cursor& c, const std::string& from, const std::string& to) const {
  place p;
  int rc = from < to ? seek(c, from, p) : MDB_NOTFOUND;
  while (rc == MDB_SUCCESS && to_view(p.key) < to) {
    rc = mdb_cursor_del(c.get(), 0);
    if (rc == MDB_SUCCESS) rc = move(c, MDB_NEXT, p);  // after a deletion: the key that follows it
  }
  return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

void lmdb_store::fail_commit(attempt a) {
  if (a.rc == MDB_PANIC) {
    poison_.set(mdb_strerror(a.rc));
    fail("lmdb commit", path_, a.rc);
  }
  // Only these leave no doubt: LMDB writes the page that makes a transaction the latest after all
  // others, and if that one fails it panics.
  const bool has_room_issue = kind_of(a.rc) == errc::full || a.rc == ENOMEM;
  const bool is_clean = a.rc != EIO && (!a.committing || has_room_issue);
  const bool is_known = is_clean && !(a.committing && opened_->db.has_panicked());
  fail("lmdb commit", path_, a.rc, is_known ? commit_outcome::refused : commit_outcome::unknown);
}

void lmdb_store::close() {
  if (opened_ == nullptr) return;
  // Nothing of LMDB's may be touched in a forked child: its lock table is shared with the parent.
  if (opened_->owner.is_foreign()) return backend::abandon(std::move(opened_));
  int rc = poison_.is_set() ? MDB_SUCCESS : opened_->db.flush();
  opened_.reset();
  if (rc != MDB_SUCCESS) fail("lmdb close", path_, rc, commit_outcome::unknown);
}

}  // namespace

std::unique_ptr<store> open(const std::string& path, const options& o) {
  auto s = std::make_unique<lmdb_store>(path, o);
  auto check = [raw = s.get()] { raw->check_in_place(); };
  auto tell = [raw = s.get()](bool yes) { raw->set_moving(yes); };
  return backend::add_log(std::move(s),
                          {.bytes = log_bytes_of(o), .check_in_place = check, .is_moving = tell});
}

}  // namespace lmdb
}  // namespace v0
}  // namespace stet
