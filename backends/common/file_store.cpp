#include "file_store.hpp"

#include <utility>

#include "abandon.hpp"
#include "checks.hpp"

namespace stet { inline namespace v0 { namespace backend {

file_store::file_store(std::unique_ptr<file_contents> contents)
    : contents_(std::move(contents)), info_(contents_->info_) {}

file_store::~file_store() {
  try {
    file_store::close();
  } catch (...) {  // close() reports a failure; a destructor can't
  }
}

void file_store::check_usable(std::string_view what) const {
  if (contents_ == nullptr) fail_closed(info_, what);
  if (contents_->owner_.is_foreign()) fail_foreign(info_, what);
  contents_->poison_.check(info_, what);
}

std::optional<std::string> file_store::get(std::string_view key) {
  check_usable("get");
  check_key(info_, "get", key);
  return contents_->get(key);
}

void file_store::scan(const scan_range& range, visitor& v) {
  check_usable("scan");
  if (!is_empty(range)) contents_->scan(range, v);
}

void file_store::commit(const batch& b, durability d) {
  check_usable("commit");
  check_batch(info_, b);
  check_in_place();
  try {
    contents_->commit(b, d);
  } catch (const store_error& e) {
    if (e.outcome() == commit_outcome::unknown) contents_->poison_.set(e.what());
    throw;
  }
}

/// A file without a name is lost, and so would be a commit into it: refuses the commit, ends the
/// store.
void file_store::check_in_place() {
  const file_owner& owner = contents_->owner_;
  if (owner.is_in_place()) return;
  const std::string text = std::string(owner.noun()) +
                           " was deleted, renamed or replaced under the open store; put it back "
                           "before the store is opened again";
  contents_->poison_.set(text);
  throw store_error(errc::store, name_of(info_, "commit"), info_.path, 0, text,
                    commit_outcome::refused);
}

void file_store::close() {
  if (contents_ == nullptr) return;
  // Nothing of a database may be touched in a forked child, not even to close it: LMDB's table of
  // locks is shared with the parent, SQLite's was copied, and RocksDB's threads exist only in the
  // parent.
  if (contents_->owner_.is_foreign()) return abandon(std::move(contents_));
  const auto closing = std::move(contents_);
  if (closing->poison_.is_set()) return closing->give_up();
  try {
    closing->finish();
  } catch (...) {
    closing->give_up();
    throw;
  }
}

}  // namespace backend
}  // namespace v0
}  // namespace stet
