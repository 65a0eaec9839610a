// RocksDB as a store. What RocksDB leaves open is closed here: who owns the directory, that nothing
// goes on after a failed flush, and what a full disk means.
#include <stet/rocksdb.hpp>

#include <rocksdb/write_batch.h>

#include <memory>
#include <new>
#include <string>
#include <utility>

#include "backends/common/abandon.hpp"
#include "backends/common/checks.hpp"
#include "backends/common/fair_shared_mutex.hpp"
#include "backends/common/file_owner.hpp"
#include "backends/common/poison.hpp"
#include "database.hpp"

namespace stet { inline namespace v0 { namespace rocksdb {
namespace {

constexpr std::size_t kKeyBytesMax = 511;
constexpr std::size_t kValueBytesMax = 1u << 30;

native::Slice to_slice(std::string_view s) { return {s.data(), s.size()}; }
std::string_view to_view(const native::Slice& s) { return {s.data(), s.size()}; }

/// What a store has open. The directory is released last.
struct opened {
  opened(const std::string& path, const options& o)
      : owner("rocksdb", path, backend::file_owner::lock_data::yes,
              backend::file_owner::kind::directory),
        db(std::make_unique<database>(owner, o)) {}
  backend::file_owner owner;
  std::unique_ptr<database> db;  // never null, unless the store is poisoned
};

/// Invariant: whoever reads holds reading_ shared.
/// Thread: as store.
class rocksdb_store final : public store {
 public:
  rocksdb_store(const std::string& path, const options& o)
      : options_(o), opened_(std::make_unique<opened>(path, o)), path_(opened_->owner.path()) {}
  ~rocksdb_store() override {
    try {
      rocksdb_store::close();
    } catch (...) {  // close() tells; a destructor can't
    }
  }

  std::optional<std::string> get(std::string_view key) override;
  void scan(const scan_range& range, visitor& v) override;
  void commit(const batch& b, durability d) override;
  void close() override;
  store_info info() const override {
    return {.scheme = "rocksdb",
            .path = path_,
            .key_bytes_max = kKeyBytesMax,
            .value_bytes_max = kValueBytesMax};
  }

 private:
  backend::limits limits() const { return {"rocksdb", path_, kKeyBytesMax, kValueBytesMax}; }
  native::DB& db() const STET_REQUIRES_SHARED(reading_) { return *opened_->db->get(); }
  void check_usable(std::string_view what) const;
  void check_expectations(const batch& b);
  [[noreturn]] void fail_commit(const native::Status& s);
  void end(std::string why);
  void open_again(std::size_t bytes);

  const options options_;
  std::unique_ptr<opened> opened_;  // null: closed
  backend::fair_shared_mutex reading_;
  const std::string path_;
  backend::poison poison_;
};

void rocksdb_store::check_usable(std::string_view what) const {
  if (opened_ == nullptr) backend::fail_closed(limits(), what);
  if (opened_->owner.is_foreign()) backend::fail_foreign(limits(), what);
  poison_.check(limits(), what);
}

std::optional<std::string> rocksdb_store::get(std::string_view key) {
  check_usable("get");
  backend::check_key(limits(), "get", key);
  const port::shared_guard shared(reading_);
  poison_.check(limits(), "get");  // it may have ended while the lock was waited for
  std::string value;
  native::Status s = db().Get({}, to_slice(key), &value);
  if (s.ok()) return value;
  if (s.IsNotFound()) return std::nullopt;
  fail("rocksdb get", path_, s);
}

/// RocksDB up to 8.5.1 ends an iteration as if nothing followed where it can't read the first block
/// of the next file (backward: the last one), unless it is told to ignore erased ranges. So one
/// that does goes over what is left behind the last key that was visited: mostly nothing.
native::Status status_of_rest(native::DB& db, native::ReadOptions o, std::string_view last,
                              bool backward) {
  o.ignore_range_deletions = true;
  const std::unique_ptr<native::Iterator> at(db.NewIterator(o));
  if (!last.empty()) backward ? at->SeekForPrev(to_slice(last)) : at->Seek(to_slice(last));
  else backward ? at->SeekToLast() : at->SeekToFirst();
  while (at->Valid()) backward ? at->Prev() : at->Next();
  return at->status();
}

void rocksdb_store::scan(const scan_range& range, visitor& v) {
  check_usable("scan");
  const port::shared_guard shared(reading_);
  poison_.check(limits(), "scan");
  if (backend::is_empty(range)) return;
  const native::Slice from = to_slice(range.from), to = to_slice(range.to);
  native::ReadOptions o;
  if (!range.from.empty()) o.iterate_lower_bound = &from;
  if (!range.to.empty()) o.iterate_upper_bound = &to;
  std::unique_ptr<native::Iterator> at(db().NewIterator(o));
  if (range.backward) at->SeekToLast();
  else at->SeekToFirst();
  std::string last;
  for (; at->Valid(); range.backward ? at->Prev() : at->Next()) {
    last.assign(at->key().data(), at->key().size());
    if (!v.visit(to_view(at->key()), to_view(at->value()))) return;
  }
  native::Status end = at->status();
  if (end.ok()) end = status_of_rest(db(), o, last, range.backward);
  if (!end.ok()) fail("rocksdb scan", path_, end);
}

void rocksdb_store::check_expectations(const batch& b) {
  for (const auto& o : b.operations()) {
    if (o.what == batch::kind::expect) backend::check_expectation(limits(), o, get(o.key));
  }
}

/// As RocksDB has it. It looks at the bounds of a range only when it has logged it already.
native::WriteBatch to_native(const batch& b, std::string_view path) {
  constexpr std::size_t extra_bytes = 16;  // of an operation, and of what is added to a batch
  native::WriteBatch w(b.size_bytes() + extra_bytes * (b.operations().size() + extra_bytes));
  native::Status s;
  for (const auto& o : b.operations()) {
    switch (o.what) {
      case batch::kind::put: s = w.Put(o.key, o.value); break;
      case batch::kind::erase: s = w.Delete(o.key); break;
      case batch::kind::erase_range:
        if (o.key < o.value) s = w.DeleteRange(o.key, o.value);
        break;
      case batch::kind::expect: break;
    }
    if (!s.ok()) fail("rocksdb commit", path, s);
  }
  return w;
}

void rocksdb_store::commit(const batch& b, durability d) {
  check_usable("commit");
  backend::check_batch(limits(), b);
  backend::check_in_place(limits(), opened_->owner, poison_);
  check_expectations(b);
  native::WriteBatch w = to_native(b, path_);
  const bool flush = d == durability::sync;
  if (w.Count() == 0 && (!flush || opened_->db->is_flushed())) return;
  opened_->db->check_room(w.GetDataSize(), backend::makes_room(b));
  if (opened_->db->is_log_full()) open_again(w.GetDataSize());
  native::Status s;
  try {
    s = opened_->db->write(w, flush);
  } catch (const std::bad_alloc&) {  // how far did it come? Another write could repeat its number
    end("out of memory");
    throw;
  }
  if (!s.ok()) fail_commit(s);
}

/// After a log that had no room for a record, RocksDB writes nothing more. As soon as there is
/// room, it is opened anew; until then it is what is read.
void rocksdb_store::open_again(std::size_t bytes) {
  opened_->db->check_writable(bytes);
  port::lock_guard alone(reading_);
  try {
    opened_->db.reset();
    opened_->db = std::make_unique<database>(opened_->owner, options_);
  } catch (const std::exception& e) {
    poison_.set(e.what());
    throw store_error(
        errc::store, "rocksdb commit", path_, 0,
        std::string("after the disk was full the store can't be opened again: ") + e.what(),
        commit_outcome::refused);
  }
}

void rocksdb_store::end(std::string why) {
  opened_->db->end();
  poison_.set(std::move(why));
}

// What finds no room in the log isn't whole there, and never will be. With a severity it is an
// earlier failure, of work in the background, which RocksDB answers every write with until it has
// recovered; incomplete, that the write would wait for such work in vain. Neither has touched the
// log. Of anything else nobody knows how far it came.
void rocksdb_store::fail_commit(const native::Status& s) {
  if (opened_->db->is_log_full()) {
    opened_->db->end();
    throw store_error(errc::full, "rocksdb commit", path_, static_cast<int>(s.code()), s.ToString(),
                      commit_outcome::refused);
  }
  const bool is_known = s.severity() != native::Status::kNoError || s.IsIncomplete();
  if (!is_known) end(s.ToString());
  fail("rocksdb commit", path_, s, is_known ? commit_outcome::refused : commit_outcome::unknown);
}

void rocksdb_store::close() {
  if (opened_ == nullptr) return;
  // RocksDB's threads and locks stayed behind in the parent: nothing of it works in a fork.
  if (opened_->owner.is_foreign()) return backend::abandon(std::move(opened_));
  native::Status s;
  try {
    if (!poison_.is_set()) s = opened_->db->close();
  } catch (const std::bad_alloc&) {
    opened_->db->end();
    opened_.reset();
    throw;
  }
  opened_.reset();
  if (!s.ok()) fail("rocksdb close", path_, s, commit_outcome::unknown);
}

}  // namespace

std::unique_ptr<store> open(const std::string& path, const options& o) {
  return std::make_unique<rocksdb_store>(path, o);
}

}  // namespace rocksdb
}  // namespace v0
}  // namespace stet
