#include "logged_store.hpp"

#include <algorithm>

#include "log_mark.hpp"
#include "log_record.hpp"

namespace stet { inline namespace v0 { namespace backend {

namespace {

constexpr std::uint64_t kLogBytesMin = 16u << 10;
// A batch that would take more than this part (1/4) of the log goes straight to the inner store.
constexpr std::size_t kLargestShare = 4;

/// Tells the inner store that it is getting moved changes while this object lives.
class moving {
 public:
  explicit moving(const std::function<void(bool)>& tell) : tell_(tell) {
    if (tell_) tell_(true);
  }
  moving(const moving&) = delete;
  moving& operator=(const moving&) = delete;
  ~moving() {
    if (tell_) tell_(false);
  }

 private:
  const std::function<void(bool)>& tell_;
};

}  // namespace

logged_store::logged_store(std::unique_ptr<store> inner, log_options o)
    : inner_(std::move(inner)),
      info_(inner_->info()),
      options_(std::move(o)),
      log_path_(info_.path + "-log"),
      generation_(port::fork_generation()),
      recent_(std::make_unique<recent>()) {
  recover(recent_->changes);
}

void logged_store::check_usable(std::string_view what) const {
  if (recent_ == nullptr) fail_closed(info_, what);
  if (is_foreign()) fail_foreign(info_, what);
  poison_.check(info_, what);
}

std::optional<std::string> logged_store::get(std::string_view key) {
  check_usable("get");
  check_key(info_, "get", key);
  {
    port::shared_guard shared(recent_->lock);
    auto answer = recent_->changes.find(key);
    if (answer.known)
      return answer.value ? std::optional(std::string(*answer.value)) : std::nullopt;
  }
  // Without the lock: if the overlay is moved now, the inner store has the same changes, or more.
  if (is_mark_key(key)) return std::nullopt;
  return inner_->get(key);
}

void logged_store::scan(const scan_range& range, visitor& v) {
  check_usable("scan");
  if (is_empty(range)) return;
  struct unmarked final : visitor {
    explicit unmarked(visitor& t) : to(t) {}
    bool visit(std::string_view key, std::string_view value) override {
      return is_mark_key(key) || to.visit(key, value);
    }
    visitor& to;
  } shown(v);
  port::shared_guard shared(recent_->lock);
  recent_->changes.scan(*inner_, range, shown);
}

void logged_store::check_batch(const batch& b) {
  backend::check_batch(info_, b);
  for (const auto& o : b.operations()) {
    if (o.what == batch::kind::erase_range || !is_mark_key(o.key)) continue;
    throw store_error(errc::usage, name_of(info_, "commit"), info_.path, 0,
                      "the key " + printable(o.key) + " is reserved", commit_outcome::refused);
  }
  try {
    if (options_.check_in_place) options_.check_in_place();
  } catch (const store_error& e) {
    poison_.set(e.what());
    throw;
  }
  check_expectations(info_, b, [this](const std::string& key) { return get(key); });
}

void logged_store::commit(const batch& b, durability d) {
  check_usable("commit");
  check_batch(b);
  const bool changes = std::any_of(b.operations().begin(), b.operations().end(),
                                   [](auto& o) { return o.what != batch::kind::expect; });
  poisoning([&] {
    if (!changes) {
      if (d == durability::sync) flush();
    } else if (in_use_ && fits(b) && log_->is_in_place()) {
      append(b, d);
    } else {
      commit_beside(b, d);
    }
  });
}

bool logged_store::fits(const batch& b) const {
  const std::size_t bytes = record_bytes(b);
  const std::size_t most = static_cast<std::size_t>(options_.bytes);
  return bytes <= std::min(most / kLargestShare, log_record_bytes_max) && log_->has_room(bytes) &&
         recent_->by_committer().bytes() + bytes <= 2 * most;
}

void logged_store::flush() {
  if (flushed_ == sequence_) return;
  log_->flush();
  flushed_ = sequence_;
}

void logged_store::append(const batch& b, durability d) {
  auto prepared = recent_->by_committer().prepare(b);
  encode_record({log_->id(), sequence_ + 1, flushed_}, b, record_);
  log_->append(record_);
  ++sequence_;
  if (d == durability::sync) flush();
  port::lock_guard exclusive(recent_->lock);
  recent_->changes.apply(b, std::move(prepared));
}

/// Commits the first batch, and batches that have no room in the log.
void logged_store::commit_beside(const batch& b, durability d) {
  try {
    ensure_log();
    if (!recent_->by_committer().empty() && !(in_use_ && fits(b))) move(true);
  } catch (const store_error& e) {
    // A full inner store may not have room for everything in the overlay, but for what this batch
    // leaves of it.
    if (e.outcome() != commit_outcome::refused || !makes_room(b)) throw;
    return commit_together(b);
  }
  if (in_use_ && fits(b)) return append(b, d);
  batch alone = b;
  commit_inner(alone, true, true, d);
}

/// If no log can be made, commits go to the inner store until one can.
void logged_store::ensure_log() {
  if (log_ != nullptr && log_->is_in_place()) return;
  if (in_use_) save_log();
  if (in_use_) return;
  try {
    log_ = log_file::create(info_.scheme, log_path_, options_.bytes);
  } catch (const std::exception&) { log_.reset(); }
}

/// For a log that was removed or moved: its changes, which are in the overlay, go into the inner
/// store before anything else. If that has no room for them, the log is put back.
void logged_store::save_log() {
  try {
    move(false);
  } catch (const store_error& e) {
    if (e.outcome() != commit_outcome::refused) throw;
    try {
      log_->put_back();
    } catch (const store_error&) {  // no room for either: nothing goes on until there is room
      throw store_error(e);
    }
    flushed_ = sequence_;
  }
}

/// Readers see the same before, during and after the move. If the move fails, it may be tried
/// again.
void logged_store::move(bool keep_log) {
  batch b;
  recent_->by_committer().add_to(b);
  const moving here(options_.is_moving);
  commit_inner(b, false, keep_log, durability::sync);
  emptied();
}

/// Commits the overlay and the batch at once. Readers wait, since they may see no state in between.
void logged_store::commit_together(const batch& b) {
  overlay all;
  batch net;
  recent_->by_committer().add_to(net);
  all.apply(net);
  all.apply(b);
  net.clear();
  all.add_to(net);
  port::lock_guard exclusive(recent_->lock);
  commit_inner(net, true, true, durability::sync);
  recent_->changes.clear();
}

/// Commits `b` and the mark that says what the log is for from now on.
void logged_store::commit_inner(batch& b, bool has_batch, bool keep_log, durability d) {
  const log_mark m{.in_use = keep_log && log_ != nullptr && log_->is_in_place(),
                   .id = log_ != nullptr ? log_->id() : last_id_,
                   .sequence = sequence_ + (has_batch ? 1 : 0)};
  const bool marks = is_marked_ || m.in_use;
  if (marks) b.put(mark_key(), encode_mark(m));  // last: a range may have erased it
  inner_->commit(b, marks ? durability::sync : d);
  is_marked_ = marks;
  in_use_ = m.in_use;
  last_id_ = m.id;
  sequence_ = flushed_ = m.sequence;
  if (log_ != nullptr) log_->restart();
}

void logged_store::emptied() {
  port::lock_guard exclusive(recent_->lock);
  recent_->changes.clear();
}

std::unique_ptr<store> add_log(std::unique_ptr<store> inner, log_options o) {
  const bool is_wanted = o.bytes > 0;
  o.bytes = std::max(o.bytes, kLogBytesMin);
  auto logged = std::make_unique<logged_store>(std::move(inner), std::move(o));
  if (is_wanted) return logged;
  return logged->take_inner();
}

}  // namespace backend
}  // namespace v0
}  // namespace stet
