// Group commit, the checkpoint that rides along, and what a commit lets out.
#include <algorithm>

#include "base/hooks.hpp"
#include "engine/core.hpp"

namespace stet { inline namespace v0 {
namespace detail {
namespace {

constexpr std::size_t slice_bytes_min = 64 << 10;
constexpr std::int64_t refused_pause_ms = 250;

}  // namespace

bool engine_core::commit() {
  if (refused_block_) {
    if (now_ < retry_commit_at_) return false;
  } else {
    checkpoint_slices();
    if (!journal_.has_something()) {
      release_answers();
      return false;
    }
    refused_block_ = std::make_unique<sealed_block>(journal_.seal(now_));
  }
  try {
    failpoint("before commit");
    journal_.commit(*refused_block_);
    failpoint("after commit");
  } catch (const store_error& e) {
    if (e.outcome() == commit_outcome::refused && e.code() == errc::full) {
      refused(e);
      return false;
    }
    throw;  // unknown, or no longer ours: nothing more is acknowledged
  }
  journal_.committed(*refused_block_);
  refused_block_.reset();
  for (auto run : std::exchange(sliced_, {}))
    if (auto* r = in_memory(run)) drop_if_idle(*r);
  release_answers();
  return true;
}

/// Certainly nothing was written: the block and the memory stay, gates and admission are shut, and the same block is tried
/// again. Whoever waits hears of it; what they asked for stands in the block and is done when there is room.
void engine_core::refused(const store_error& e) {
  if (retry_commit_at_ == 0 || now_ - retry_commit_at_ > 60'000) listener_.problem(e.what());
  retry_commit_at_ = now_ + refused_pause_ms;
  auto error = std::make_exception_ptr(e);
  for (auto& [lsn, c] : std::exchange(answers_, {})) c->done(error);
}

void engine_core::release_answers() {
  while (!answers_.empty() && answers_.front().first <= journal_.durable_lsn()) {
    answers_.front().second->done();
    answers_.pop_front();
  }
}

void engine_core::answer(call& c) {
  if (STET_SEEDED(acknowledge_before_commit)) return c.done();
  if (answers_.empty() && journal_.last_lsn() == journal_.durable_lsn()) return c.done();
  answers_.emplace_back(journal_.last_lsn(), &c);
}

void engine_core::checkpoint_slices() {
  if (!pass_active_) {
    if (unsaved_bytes_ < options_.tail_bytes_max / 2) return;
    failpoint("begin pass");
    journal_.begin_pass();
    pass_.swap(dirty_);
    dirty_.clear();
    std::sort(pass_.begin(), pass_.end());
    pass_at_ = 0;
    pass_active_ = true;
  }
  auto budget = unsaved_bytes_ >= options_.tail_bytes_max
                    ? SIZE_MAX
                    : std::max(slice_bytes_min, 2 * journal_.filling_bytes());
  auto written = journal_.riders().size_bytes();
  while (pass_at_ < pass_.size() && journal_.riders().size_bytes() - written < budget)
    if (auto* r = in_memory(pass_[pass_at_++])) slice(*r);
  if (pass_at_ < pass_.size()) return;
  pass_active_ = false;
  pass_.clear();
  failpoint("end pass");
  if (!journal_pinned_) journal_.end_pass();
}

/// The state is what the block that is sealed next makes it, and both are one commit.
void engine_core::slice(resident& r) {
  if (!r.dirty) return;
  failpoint("slice");
  add_checkpoint(journal_.riders(), r.state, r.unsaved, r.unsaved_first);
  unsaved_bytes_ -= r.unsaved.size();
  r.unsaved_first = r.state.records;
  r.unsaved = {};
  r.dirty = false;
  sliced_.push_back(r.state.run);
}

}  // namespace detail
}}  // namespace stet::v0
