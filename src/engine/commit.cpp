// Group commit, the checkpoint that rides along, and what a commit lets out.
#include <algorithm>

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "engine/core.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t slice_bytes_min = 64 << 10;
constexpr std::int64_t refused_pause_ms = 250;

}  // namespace

/// Seals what there is and has it written: by the committer while the loop goes on, or here when
/// nothing else is to do (one thread switch less, which is what a lone run feels).
bool engine_core::commit() {
  if (block_at_ == block_at::committer) return false;
  if (block_at_ == block_at::refused) {
    if (makes_room_) join_refused();
    else if (now_ < retry_commit_at_) return false;
  }
  if (block_at_ == block_at::nowhere) {
    if (may_grow()) return false;
    ensure(!block_, "one block is on its way at a time");
    ensure(orphans_.empty(), "what the end of a run brings is in the block of that end");
    checkpoint_slices();
    if (!STET_SEEDED(lose_count)) counters_.put_changes(journal_.riders());
    if (journal_.drops() || (clock_unsaved_ && journal_.has_something())) keep_clock_history();
    if (!journal_.has_something()) return false;
    seal_block();
  }
  sealed_at_ = std::chrono::steady_clock::now();
  if (committer_.started() && !is_quiet()) {
    block_at_ = block_at::committer;
    committer_.submit([this] { write_block(); });
    return false;
  }
  std::exception_ptr error;
  try {
    write_block();
  } catch (...) { error = std::current_exception(); }
  written(error);
  drop_written();
  return block_at_ == block_at::nowhere || makes_room_;
}

/// Nothing is added any more to what fills: it is the block on its way, or goes along with it.
void engine_core::seal_block() {
  ensure(is_on_loop(), "blocks are sealed on the engine's thread");
  auto b = journal_.seal(now_);
  ensure(b.last_lsn == journal_.last_lsn(), "a sealed block has all that was recorded");
  if (block_) journal_.join(*block_, std::move(b));
  else block_ = std::make_unique<sealed_block>(std::move(b));
  sealed_time_ = now_;
  state_.sealed();
  erased_.sealed();
  sent_.sealed();
}

/// The store has no room for the block, and what was erased since makes some: both are one commit,
/// which the store may take where it takes no other (lmdb::options::map_bytes_max).
void engine_core::join_refused() {
  ensure(block_ != nullptr, "what goes along with a block has one");
  makes_room_ = false;
  slice_ended();
  counters_.put_changes(journal_.riders());
  seal_block();
}

/// In the midst of a turn that has much to do: while one block is written the next is filled, and
/// neither the store nor the loop waits for the other.
void engine_core::keep_committing() {
  if (!committer_.started()) return;
  finish_commit();
  if (block_at_ == block_at::nowhere) commit();
}

void engine_core::write_block() {
  ensure(block_ != nullptr, "what is written is a block");
  failpoint("before commit");
  journal_.commit(*block_);
  failpoint("after commit");
}

/// Takes the block back that the committer has written, if it has.
bool engine_core::finish_commit() {
  if (block_at_ != block_at::committer || !committer_.done()) return false;
  written(committer_.wait());
  drop_written();
  return true;
}
/// Until no block is on its way.
void engine_core::wait_for_commit() {
  if (block_at_ == block_at::committer) written(committer_.wait());
}

/// Until all that is recorded is durable, or the store has no room for it.
void engine_core::make_durable() {
  wait_for_commit();
  while (!is_refused() && journal_.durable_lsn() < journal_.last_lsn()) {
    (void)commit();
    wait_for_commit();
  }
}

/// The store has answered.
void engine_core::written(const std::exception_ptr& error) {
  last_commit_ = std::chrono::steady_clock::now() - sealed_at_;
  block_at_ = block_at::refused;
  if (error) {
    try {
      std::rethrow_exception(error);
    } catch (const store_error& e) {
      const bool passes = e.code() == errc::full || e.code() == errc::busy;
      if (e.outcome() != commit_outcome::refused || !passes) throw;  // unknown, or no longer ours
      return refused(e);
    }
  }
  ensure(block_ != nullptr, "the store answers for a block that is on its way");
  journal_.committed(*block_);
  ensure(journal_.durable_lsn() <= journal_.last_lsn(), "what is durable has been recorded");
  state_.committed();
  erased_.committed();
  sent_.committed();
  sweeps_.ended_until = sealed_time_;
  if (block_->was_refused) sweeps_.next = std::min(sweeps_.next, now_);  // no pause any more
  block_.reset();
  block_at_ = block_at::nowhere;
  durable_view_.reset();
  makes_room_ = false;
  release_answers();
}

/// The store knows everything of the runs whose slices were written: what rode in the block goes
/// from memory, and the run, if it is idle. Not in written(): whoever waits for a commit in the
/// midst of a turn goes on with its run.
void engine_core::drop_written() {
  if (block_at_ != block_at::nowhere) return;
  for (auto run : std::exchange(sliced_, {})) {
    auto* r = in_memory(run);
    if (!r) continue;
    r->riding.reset();
    drop_if_idle(*r);
  }
}

/// Nothing else is under way that the loop could do meanwhile.
bool engine_core::is_quiet() {
  if (gate_.size() > 1 || outstanding_ > 0 || returned_.load()) return false;
  std::lock_guard lock(mutex_);
  return calls_.empty();
}

/// Bodies that began just now are about to return: what they bring goes into the same flush. Waits
/// a fraction of what the flush takes, so latency hardly feels it, and a thousand short steps on a
/// slow disk share their commits.
bool engine_core::may_grow() const noexcept {
  auto in_time = [&] {
    return STET_SIMULATED ? STET_RARELY("commit later")
                          : std::chrono::steady_clock::now() < grow_until_;
  };
  return !manual_ && outstanding_ > 0 && in_time() &&
         journal_.filling_bytes() < options_.tail_bytes_max / 4;
}

/// Certainly nothing was written: the block and the memory stay, gates and admission are shut, and
/// the same block is tried again. Whoever waits hears of it; what they asked for stands in the
/// block and is done when there is room.
void engine_core::refused(const store_error& e) {
  ensure(block_ != nullptr, "a block that is refused is kept");
  block_->was_refused = true;
  if (retry_commit_at_ == 0 || now_ - retry_commit_at_ > 60'000) listener_.problem(e.what());
  retry_commit_at_ = now_ + refused_pause_ms;
  refused_as_ = e.code();
  auto error = std::make_exception_ptr(e);
  for (auto& [lsn, c] : std::exchange(answers_, {})) {
    // What erases came meanwhile: it goes along with the block, at once.
    if (makes_room_ && lsn > block_->last_lsn) {
      answers_.emplace_back(lsn, c);
      continue;
    }
    if (!c->only_looks) {
      c->done(own_copy(error));
      continue;
    }
    c->fails(nullptr);  // it is performed anew
    std::lock_guard lock(mutex_);
    calls_.push_back(c);  // first: one that isn't kept has to be found among the open calls
    c->leave();
  }
}

/// The answer while the store refuses to write.
std::exception_ptr engine_core::why_refused() const {
  const char* text = refused_as_ == errc::busy
                         ? "another program holds the store: close that, and ask again; nothing "
                           "that was acknowledged is lost"
                         : "the store has no room: make room, and ask again; nothing that was "
                           "acknowledged is lost";
  return std::make_exception_ptr(error(refused_as_, "engine", text));
}

void engine_core::release_answers() {
  while (!answers_.empty() && answers_.front().first <= journal_.durable_lsn()) {
    answers_.front().second->done();
    answers_.pop_front();
  }
  ensure(answers_.empty() || answers_.front().first > journal_.durable_lsn(),
         "who may go on has been let go");
}

/// Lets a caller go on as soon as everything up to `lsn` is durable.
void engine_core::answer(call& c, std::uint64_t lsn) {
  ensure(lsn <= journal_.last_lsn(), "an answer depends on nothing that wasn't recorded");
  if (lsn <= journal_.durable_lsn() || STET_SEEDED(acknowledge_before_commit)) return c.done();
  if (is_refused() && !makes_room_) return c.done(why_refused());
  answers_.emplace_back(lsn, &c);
}

void engine_core::slice_ended() {
  for (auto run : std::exchange(ended_, {}))
    if (auto* r = in_memory(run)) slice(*r);
}

/// What rides along with the next block. A run that has ended gets its one slice at once; of those
/// that go on, only the ones that hold up old blocks: a run that is over before its first block is
/// old was never written twice.
void engine_core::checkpoint_slices() {
  slice_ended();
  bool is_long = journal_.kept_bytes() >= tail_limit_ / 2;
  // Not behind mark_clean(), which drops all blocks: a pass would leave some.
  if (pass_until_ == 0 && !closing_ && (is_long || STET_RARELY("begin pass"))) begin_pass();
  if (pass_until_ == 0) return;
  auto budget = journal_.kept_bytes() >= tail_limit_
                    ? SIZE_MAX
                    : std::max(slice_bytes_min, 2 * journal_.filling_bytes());
  auto before = journal_.riders().size_bytes();
  while (!dirty_.empty() && dirty_.front().since <= pass_until_) {
    if (journal_.riders().size_bytes() - before >= budget) return;
    auto [run, since] = dirty_.front();
    dirty_.pop_front();
    auto* r = in_memory(run);
    if (r && r->dirty_since == since) slice(*r);
  }
  pass_until_ = 0;
  tail_limit_ = options_.tail_bytes_max;
  failpoint("end pass");
  journal_.end_pass();
}

/// From now on the old blocks are made superfluous: half of those that are kept.
void engine_core::begin_pass() {
  ensure(pass_until_ == 0, "one pass of the checkpoint is under way at a time");
  failpoint("begin pass");
  bool leave_nothing = STET_RARELY("whole pass");
  pass_until_ = journal_.begin_pass(leave_nothing ? 0 : options_.tail_bytes_max / 4);
}

void engine_core::mark_dirty(resident& r, std::uint64_t lsn) {
  if (r.dirty_since != 0) return;
  r.dirty_since = lsn;
  dirty_.push_back({r.state.run, lsn});
}

/// The state is what the block that is sealed next makes it, and both are one commit.
void engine_core::slice(resident& r) {
  if (r.dirty_since == 0) return;
  failpoint("slice");
  ensure(r.state.run != 0, "a run that is written has a number");
  ensure(!r.unsaved.empty() || r.was_put_aside,
         "a run that is written has records that the store lacks");
  ensure(in_memory(r.state.run) == &r, "a run that is written is found by its number");
  add_checkpoint(journal_.riders(), r.state, r.unsaved, r.unsaved_first, counters_);
  auto& riding =
      r.riding ? *r.riding : r.riding.emplace(resident::riding_records{r.unsaved_first, {}});
  if (STET_SEEDED(repeat_chunk) || !riding.records.empty()) riding.records += r.unsaved;
  else riding.records = std::move(r.unsaved);
  if (std::exchange(r.was_put_aside, false)) erase_aside(journal_.riders(), r.state.run);
  r.unsaved_first = r.state.records;
  if (!STET_SEEDED(repeat_chunk)) r.unsaved = {};
  r.dirty_since = 0;
  r.sliced_in = journal_.filling_block();
  sliced_.push_back(r.state.run);
}

}  // namespace detail
}}  // namespace stet::v0
