#include "engine/commit/checkpointer.hpp"

#include <algorithm>
#include <utility>

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "journal/aside.hpp"
#include "journal/checkpoint.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t slice_bytes_min = 64 << 10;
// At a start all runs are revived first, and checkpointed then. Meanwhile the journal may be this
// many times as long.
constexpr std::size_t tail_factor_at_start = 4;

}  // namespace

void checkpointer::start(bool has_runs_to_revive) noexcept {
  tail_limit_ = services_.options.tail_bytes_max;
  if (has_runs_to_revive) tail_limit_ *= tail_factor_at_start;
}

void checkpointer::slice(resident& r) {
  if (!r.dirty_since) return;
  failpoint("slice");
  ensure(r.state.run != no_run, "a run that is written has a number");
  ensure(!r.unsaved.empty() || r.was_put_aside,
         "a run that is written has records that the store lacks");
  ensure(runs_.table.find(r.state.run) == &r, "a run that is written is found by its number");
  auto& writes = journal_.extra_writes();
  add_checkpoint(writes, r.state, r.unsaved, r.unsaved_first, runs_.counters);
  auto& riding =
      r.riding ? *r.riding : r.riding.emplace(resident::riding_records{r.unsaved_first, {}});
  if (STET_SEEDED(repeat_chunk) || !riding.records.empty()) riding.records += r.unsaved;
  else riding.records = std::move(r.unsaved);
  if (std::exchange(r.was_put_aside, false)) erase_aside(writes, r.state.run);
  r.unsaved_first = r.state.records;
  if (!STET_SEEDED(repeat_chunk)) r.unsaved = {};
  r.dirty_since = no_lsn;
  r.sliced_in = journal_.filling_block();
  sliced_.push_back(r.state.run);
}

void checkpointer::slice_ended() {
  for (auto run : std::exchange(ended_, {}))
    if (auto* r = runs_.table.find(run)) slice(*r);
}

void checkpointer::slice_what_is_due() {
  slice_ended();
  bool is_long = journal_.kept_bytes() >= tail_limit_ / 2;
  // Not after mark_clean(), which drops all blocks: a pass would keep some.
  if (!pass_until_ && !inbox_.is_closing() && (is_long || STET_RARELY("begin pass"))) begin_pass();
  if (!pass_until_) return;
  auto budget = journal_.kept_bytes() >= tail_limit_
                    ? SIZE_MAX
                    : std::max(slice_bytes_min, 2 * journal_.filling_bytes());
  auto before = journal_.extra_writes().size_bytes();
  while (runs_.unsaved.has_since(pass_until_)) {
    if (journal_.extra_writes().size_bytes() - before >= budget) return;
    auto [run, since] = runs_.unsaved.pop();
    auto* r = runs_.table.find(run);
    if (r && r->dirty_since == since) slice(*r);
  }
  pass_until_ = no_lsn;
  tail_limit_ = services_.options.tail_bytes_max;
  failpoint("end pass");
  journal_.end_pass();
}

/// Begins to make old blocks superfluous, until a quarter of tail_bytes_max is kept.
void checkpointer::begin_pass() {
  ensure(!pass_until_, "one pass of the checkpoint is under way at a time");
  failpoint("begin pass");
  bool leaves_nothing = STET_RARELY("whole pass");
  pass_until_ = journal_.begin_pass(leaves_nothing ? 0 : services_.options.tail_bytes_max / 4);
}

void checkpointer::drop_written() {
  for (auto run : std::exchange(sliced_, {})) {
    auto* r = runs_.table.find(run);
    if (!r) continue;
    r->riding.reset();
    runs_.table.drop_if_idle(*r);
  }
}

}}}  // namespace stet::v0::detail
