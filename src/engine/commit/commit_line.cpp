#include "engine/commit/commit_line.hpp"

#include <algorithm>
#include <utility>

#include "base/ensure.hpp"
#include "base/hooks.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::int64_t refused_pause_ms = 250;
constexpr std::int64_t report_refusal_every_ms = 60'000;

/// Returns the bytes of the next commit, apart from slices: of the block, and of what goes with it
/// (blobs).
std::size_t filling_bytes(const journal& j) noexcept {
  return j.filling_bytes() + j.extra_writes().size_bytes();
}

}  // namespace

commit_line::commit_line(services& s, journal& j, time_room& t, run_room& r, user_tables& u,
                         bodies& b, const recorder& rec)
    : checkpointer(s, j, r, b.calls),
      answers(j, r),
      ends(s, j),
      services_(s),
      journal_(j),
      time_(t),
      runs_(r),
      tables_(u),
      bodies_(b),
      recorder_(rec) {}

void commit_line::start() {
  commit_thread.start([this] { bodies_.calls.wake_if_asleep(); });
}

void commit_line::set_at(block_at a) noexcept {
  at_ = a;
  runs_.block.is_refused = a == block_at::refused;
}

bool commit_line::commit() {
  for (auto run : std::exchange(runs_.changed, {}))
    if (auto* r = runs_.table.find(run)) answer_watchers(*r);
  if (at_ == block_at::commit_thread) return false;
  if (at_ == block_at::refused) {
    if (makes_room_) join_refused();
    else if (time_.now() < refusal_.retry_at) return false;
  } else {
    if (!may_seal()) return false;
    seal_block();
  }
  sealed_at_ = std::chrono::steady_clock::now();
  if (commit_thread.started() && !is_quiet()) {
    set_at(block_at::commit_thread);
    commit_thread.submit([this] { write_block(); });
    return false;
  }
  std::exception_ptr error;
  try {
    write_block();
  } catch (...) { error = std::current_exception(); }
  written(error);
  drop_written();
  return at_ == block_at::nowhere || makes_room_;
}

/// Adds the writes that go with the block. Returns false if nothing is to be written now.
bool commit_line::may_seal() {
  if (may_grow()) return false;
  ensure(!block_, "one block is on its way at a time");
  ensure(recorder_.orphans.empty(), "what the end of a run brings is in the block of that end");
  checkpointer.slice_what_is_due();
  if (!STET_SEEDED(lose_count)) runs_.counters.put_changes(journal_.extra_writes());
  if (journal_.drops() || (time_.keeper.is_unsaved() && journal_.has_something()))
    time_.keeper.keep_history();
  return journal_.has_something();
}

/// Ends the block that fills. It is written next, or joined to the block that was refused.
void commit_line::seal_block() {
  ensure(bodies_.thread.is_here(), "blocks are sealed on the engine's thread");
  auto b = journal_.seal(time_.now());
  ensure(b.last_lsn == journal_.last_lsn(), "a sealed block has all that was recorded");
  if (block_) journal_.join(*block_, std::move(b));
  else block_ = std::make_unique<sealed_block>(std::move(b));
  runs_.block.first = block_->number;
  runs_.block.last = block_->last_number;
  sealed_time_ = time_.now();
  tables_.sealed();
  runs_.table.erased.sealed();
  runs_.sent.sealed();
}

/// The store has no room for the block, and erasures since then make some. Both become one commit,
/// which the store may take although it takes no other (lmdb::options::map_bytes_max).
void commit_line::join_refused() {
  ensure(block_ != nullptr, "what goes along with a block has one");
  makes_room_ = false;
  checkpointer.slice_ended();
  runs_.counters.put_changes(journal_.extra_writes());
  seal_block();
}

void commit_line::keep_committing() {
  if (!commit_thread.started()) return;
  finish_commit();
  if (is_idle()) commit();
}

void commit_line::write_block() {
  ensure(block_ != nullptr, "what is written is a block");
  failpoint("before commit");
  journal_.commit(*block_);
  failpoint("after commit");
}

bool commit_line::finish_commit() {
  if (!has_written()) return false;
  written(commit_thread.wait());
  drop_written();
  return true;
}

void commit_line::wait() {
  if (at_ == block_at::commit_thread) written(commit_thread.wait());
}

void commit_line::make_durable() {
  wait();
  while (!is_refused() && journal_.durable_lsn() < journal_.last_lsn()) {
    (void)commit();
    wait();
  }
}

void commit_line::commit_if_full() {
  if (filling_bytes(journal_) <= services_.options.tail_bytes_max / 4) return;
  wait();
  commit();
}

/// Takes the store's answer to a block.
void commit_line::written(const std::exception_ptr& error) {
  last_commit_ = std::chrono::steady_clock::now() - sealed_at_;
  set_at(block_at::refused);
  if (error) {
    try {
      std::rethrow_exception(error);
    } catch (const store_error& e) {
      const bool passes = e.code() == errc::full || e.code() == errc::busy;
      if (e.outcome() != commit_outcome::refused || !passes) throw;  // unknown, or it won't pass
      return refused(e);
    }
  }
  ensure(block_ != nullptr, "the store answers for a block that is on its way");
  journal_.committed(*block_);
  ensure(journal_.durable_lsn() <= journal_.last_lsn(), "what is durable has been recorded");
  tables_.committed();
  runs_.table.erased.committed();
  runs_.sent.committed();
  runs_.sweeps.ended_until = sealed_time_;
  if (block_->was_refused)  // the pause between sweeps is over
    runs_.sweeps.next = std::min(runs_.sweeps.next, time_.now());
  block_.reset();
  runs_.block.first = runs_.block.last = 0;
  set_at(block_at::nowhere);
  makes_room_ = false;
  until_written.reset();
  answers.release();
  ends.release();
}

/// This isn't done in written(): a caller that waits for a commit in the midst of a turn still uses
/// its run afterwards.
void commit_line::drop_written() {
  if (is_idle()) checkpointer.drop_written();
}

/// Whether the loop could do nothing else while a block is written.
bool commit_line::is_quiet() const {
  return bodies_.gate.size() <= 1 && bodies_.threads.outstanding == 0 && !bodies_.has_returned() &&
         !bodies_.calls.has_calls();
}

/// Waits for an eighth of the time of the last commit. That hardly adds to the latency, and on a
/// slow disk many short steps share a commit.
void commit_line::expect_returns() {
  grow_until_ = std::chrono::steady_clock::now() + last_commit_ / 8;
}

/// Whether the block may wait for bodies that began just now, so that their outcomes share its
/// flush.
bool commit_line::may_grow() const noexcept {
  auto in_time = [&] {
    return STET_SIMULATED ? STET_RARELY("commit later")
                          : std::chrono::steady_clock::now() < grow_until_;
  };
  return !services_.is_manual() && bodies_.threads.outstanding > 0 && in_time() &&
         filling_bytes(journal_) < services_.options.tail_bytes_max / 4;
}

/// The store has certainly written nothing. The block and everything in memory stay, no body
/// begins, and the same block is tried again. Callers get the error; the records of their calls are
/// in the block, and take effect when there is room.
void commit_line::refused(const store_error& e) {
  ensure(block_ != nullptr, "a block that is refused is kept");
  block_->was_refused = true;
  if (!refusal_.retry_at || time_.now() - refusal_.retry_at > report_refusal_every_ms)
    services_.reporter.report(event_kind::store_refuses, words_of(e));
  refusal_.retry_at = time_.now() + refused_pause_ms;
  refusal_.as = e.code();
  answers.refuse(std::make_exception_ptr(e), block_->last_lsn, makes_room_, bodies_.calls);
}

std::exception_ptr commit_line::why_refused() const {
  const char* text = refusal_.as == errc::busy
                         ? "another program holds the store: close that, and ask again; nothing "
                           "that was acknowledged is lost"
                         : "the store has no room: make room, and ask again; nothing that was "
                           "acknowledged is lost";
  return std::make_exception_ptr(error(refusal_.as, "engine", text));
}

void commit_line::answer_watchers(resident& r) {
  for (auto* c : std::exchange(r.watchers, {})) answer(*c, r.last_lsn);
}

void commit_line::answer(call& c, record_lsn lsn) {
  answers.give(c, lsn, is_refused() && !makes_room_ ? why_refused() : nullptr);
}

}}}  // namespace stet::v0::detail
