// RocksDB as a store. This part settles what RocksDB leaves open: nothing is written after a failed
// flush, and a full disk is reported as such. For the directory's ownership see
// backends/common/file_store.hpp.
#include <stet/rocksdb.hpp>

#include <rocksdb/write_batch.h>

#include <memory>
#include <new>
#include <string>
#include <utility>

#include "backends/common/checks.hpp"
#include "backends/common/fair_shared_mutex.hpp"
#include "backends/common/file_store.hpp"
#include "database.hpp"

namespace stet { inline namespace v0 { namespace rocksdb {
namespace {

constexpr std::size_t kKeyBytesMax = 511;
constexpr std::size_t kValueBytesMax = 1u << 30;

native::Slice to_slice(std::string_view s) { return {s.data(), s.size()}; }
std::string_view to_view(const native::Slice& s) { return {s.data(), s.size()}; }

/// Invariant: a reader holds reading_ shared.
class rocksdb_contents final : public backend::file_contents {
 public:
  rocksdb_contents(const std::string& path, const options& o)
      : file_contents({.scheme = "rocksdb",
                       .path = path,
                       .key_bytes_max = kKeyBytesMax,
                       .value_bytes_max = kValueBytesMax},
                      backend::file_owner::lock_data::yes, backend::file_owner::kind::directory,
                      o.create),
        options_(o),
        db_(std::make_unique<database>(owner_, o)) {}

  std::optional<std::string> get(std::string_view key) override;
  void scan(const scan_range& range, visitor& v) override;
  void commit(const batch& b, durability d) override;
  void finish() override;
  void give_up() noexcept override;

 private:
  [[noreturn]] void fail_commit(const native::Status& s);
  void end(std::string why);
  void open_again(std::size_t bytes);

  const options options_;
  std::unique_ptr<database> db_;  // null if it couldn't be opened again: poison_ is set
  backend::fair_shared_mutex reading_;
};

std::optional<std::string> rocksdb_contents::get(std::string_view key) {
  const port::shared_guard shared(reading_);
  poison_.check(info_, "get");  // the store may have ended during the wait for the lock
  std::string value;
  native::Status s = db_->get()->Get({}, to_slice(key), &value);
  if (s.ok()) return value;
  if (s.IsNotFound()) return std::nullopt;
  fail("rocksdb get", info_.path, s);
}

/// Up to 8.5.1, RocksDB ends an iteration without an error where it can't read the first block of
/// the next file (backward: the last block of the previous one), unless it ignores erased ranges.
/// So this iterates once more, ignoring them, after the last visited key: mostly there is nothing
/// left.
native::Status status_of_rest(native::DB& db, native::ReadOptions o, std::string_view last,
                              bool backward) {
  o.ignore_range_deletions = true;
  const std::unique_ptr<native::Iterator> at(db.NewIterator(o));
  if (!last.empty()) backward ? at->SeekForPrev(to_slice(last)) : at->Seek(to_slice(last));
  else backward ? at->SeekToLast() : at->SeekToFirst();
  while (at->Valid()) backward ? at->Prev() : at->Next();
  return at->status();
}

void rocksdb_contents::scan(const scan_range& range, visitor& v) {
  const port::shared_guard shared(reading_);
  poison_.check(info_, "scan");
  const native::Slice from = to_slice(range.from), to = to_slice(range.to);
  native::ReadOptions o;
  if (!range.from.empty()) o.iterate_lower_bound = &from;
  if (!range.to.empty()) o.iterate_upper_bound = &to;
  std::unique_ptr<native::Iterator> at(db_->get()->NewIterator(o));
  if (range.backward) at->SeekToLast();
  else at->SeekToFirst();
  std::string last;
  for (; at->Valid(); range.backward ? at->Prev() : at->Next()) {
    last.assign(at->key().data(), at->key().size());
    if (!v.visit(to_view(at->key()), to_view(at->value()))) return;
  }
  native::Status end = at->status();
  if (end.ok()) end = status_of_rest(*db_->get(), o, last, range.backward);
  if (!end.ok()) fail("rocksdb scan", info_.path, end);
}

/// Turns the batch into RocksDB's form. Leaves out empty ranges: RocksDB checks the bounds of a
/// range only after it has logged it.
native::WriteBatch to_native(const batch& b, std::string_view path) {
  constexpr std::size_t extra_bytes = 16;  // for an operation, and for what is added to a batch
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

void rocksdb_contents::commit(const batch& b, durability d) {
  backend::check_expectations(info_, b, [this](const std::string& key) { return get(key); });
  native::WriteBatch w = to_native(b, info_.path);
  const bool flush = d == durability::sync;
  if (w.Count() == 0 && (!flush || db_->is_flushed())) return;
  db_->check_room(w.GetDataSize(), backend::makes_room(b));
  if (db_->is_log_full()) open_again(w.GetDataSize());
  native::Status s;
  try {
    s = db_->write(w, flush);
  } catch (const std::bad_alloc&) {  // a part may be written: another write could repeat its number
    end("out of memory");
    throw;
  }
  if (!s.ok()) fail_commit(s);
}

/// Once its log had no room for a record, RocksDB writes nothing more. As soon as there is room,
/// the database is opened anew; until then the old one serves readers.
void rocksdb_contents::open_again(std::size_t bytes) {
  db_->check_writable(bytes);
  port::lock_guard alone(reading_);
  try {
    db_.reset();
    db_ = std::make_unique<database>(owner_, options_);
  } catch (const std::exception& e) {
    poison_.set(e.what());
    throw store_error(
        errc::store, "rocksdb commit", info_.path, 0,
        std::string("after the disk was full the store can't be opened again: ") + e.what(),
        commit_outcome::refused);
  }
}

void rocksdb_contents::end(std::string why) {
  db_->end();
  poison_.set(std::move(why));
}

// A record that finds no room in the log isn't whole there, and never will be. A status with a
// severity stands for an earlier failure of work in the background: RocksDB returns it for every
// write until it has recovered. An incomplete status means that the write would wait for such work
// in vain. Neither of these two has touched the log. After any other failure it is unknown how much
// was written.
void rocksdb_contents::fail_commit(const native::Status& s) {
  if (db_->is_log_full()) {
    db_->end();
    throw store_error(errc::full, "rocksdb commit", info_.path, static_cast<int>(s.code()),
                      s.ToString(), commit_outcome::refused);
  }
  const bool is_known = s.severity() != native::Status::kNoError || s.IsIncomplete();
  if (!is_known) end(s.ToString());
  fail("rocksdb commit", info_.path, s,
       is_known ? commit_outcome::refused : commit_outcome::unknown);
}

void rocksdb_contents::finish() {
  native::Status s = db_->close();
  if (!s.ok()) fail("rocksdb close", info_.path, s, commit_outcome::unknown);
}

void rocksdb_contents::give_up() noexcept {
  if (db_ != nullptr) db_->end();
}

}  // namespace

std::unique_ptr<store> open(const std::string& path, const options& o) {
  return std::make_unique<backend::file_store>(std::make_unique<rocksdb_contents>(path, o));
}

}  // namespace rocksdb
}  // namespace v0
}  // namespace stet
