// How a logged store begins with the log that an earlier one left, and what it leaves when it ends.
#include <string>

#include "abandon.hpp"
#include "log_mark.hpp"
#include "log_record.hpp"
#include "logged_store.hpp"

namespace stet { inline namespace v0 { namespace backend {

/// Only the constructor calls this, so no other thread sees the overlay yet.
void logged_store::recover(overlay& changes) {
  const log_mark m = read_mark(*inner_, is_marked_);
  sequence_ = flushed_ = m.sequence;
  last_id_ = m.id;
  log_ = open_marked_log(log_path_, info_, m);
  if (log_ == nullptr) return;
  in_use_ = true;
  const std::string bytes = log_->read();
  const std::size_t end = replay(bytes, changes);
  // A record that was only read may not be durable. No call returns it before it certainly is.
  try {
    move(false);
  } catch (const store_error& e) {
    if (e.outcome() != commit_outcome::refused || e.code() != errc::full) throw;
    log_->keep(bytes, end);
    flushed_ = sequence_;
    return;
  }
  log_->remove();
  log_.reset();
}

/// Returns the offset just past the last record.
std::size_t logged_store::replay(std::string_view log, overlay& changes) {
  log_walk walk(log, last_id_, sequence_);
  while (auto payload = walk.next()) {
    auto b = decode_payload(*payload);
    if (!b) fail_log(info_, log_path_, "a record is malformed; a newer Stet's?");
    changes.apply(*b);
  }
  sequence_ = walk.sequence();
  if (auto proof = walk.find_damage()) {
    fail_log(info_, log_path_,
             "at offset " + std::to_string(walk.offset()) + " stands no record number " +
                 std::to_string(sequence_ + 1) + ", but it was acknowledged, as that at offset " +
                 std::to_string(*proof) + " says: restore the store from a backup");
  }
  return walk.offset();
}

void logged_store::close() {
  if (recent_ == nullptr) return;
  if (is_foreign()) {  // another thread may have held the lock when this process was forked
    abandon(std::move(recent_));
    return inner_->close();
  }
  std::optional<store_error> failure;
  try {
    if (!poison_.is_set()) leave_one_file();
  } catch (const store_error& e) { failure = e; }
  log_.reset();
  recent_.reset();
  inner_->close();
  if (failure) throw store_error(*failure);
}

/// Puts the log back if it was removed or moved. Throws with outcome unknown if that fails: what
/// was acknowledged is nowhere else.
void logged_store::put_log_back() {
  if (log_->is_in_place()) return;
  try {
    log_->put_back();
  } catch (const store_error& e) {
    throw store_error(errc::store, name_of(info_, "close"), log_path_, e.native(),
                      "the log was removed while the store was open, and what it held has no room "
                      "anywhere else (" +
                          std::string(e.what()) +
                          "): the latest commits are lost, unless it is put back",
                      commit_outcome::unknown);
  }
}

void logged_store::leave_one_file() {
  try {
    if (in_use_) move(false);
    if (log_ != nullptr) log_->remove();
  } catch (const store_error& e) {
    if (e.outcome() != commit_outcome::refused) throw;
    // The changes are as durable in the log: it stays, and the next store that opens it tries
    // again.
    put_log_back();
    flush();
  }
}

std::unique_ptr<store> logged_store::take_inner() {
  if (in_use_) move(false);  // had no room in recover(): throws, and the store isn't opened
  if (is_marked_) {
    batch b;
    b.erase(mark_key());
    inner_->commit(b, durability::sync);
  }
  recent_.reset();
  return std::move(inner_);
}

}}}  // namespace stet::v0::backend
