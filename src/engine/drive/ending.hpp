// What a run owes when it ends, and to whom. All of it is recorded in the block that has the end's
// own record, so it is durable with it or has not happened.
//
// A run owes:
//  - to the run that continues it: what was sent to it and what it has not seen (successor.hpp);
//  - what it asked for in its last event: see driver::drive;
//  - an answer to everybody who waits: callers of result() and of updates, runs that called it, its
//    parent;
//  - to its children: what their parent_close says (settle_children).
// What is for a run whose snapshot can't be read is kept for it (runs/debt_book.hpp).
//
// After the record of an end nothing may be given up because something of this run can't be read:
// each debt is paid by itself, and one that can't be paid is reported.
#pragma once
#include <cstdint>
#include <string_view>

#include "engine/commit/commit_line.hpp"
#include "engine/drive/callers.hpp"
#include "engine/drive/waiters.hpp"
#include "engine/record/recorder.hpp"
#include "engine/steps/step_desk.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class ending {
 public:
  ending(services& s, time_room& t, run_room& r, recorder& rec, commit_line& c, step_desk& d,
         callers& k, waiters& w) noexcept
      : services_(s),
        time_(t),
        runs_(r),
        recorder_(rec),
        commit_(c),
        desk_(d),
        callers_(k),
        waiters_(w) {}

  /// The run has just ended by `end`, which is recorded: gives everybody what it owes them.
  void end_run(resident& r, const record& end);
  /// Ends a run without its code. `flags` of the record say why.
  void terminate(resident& r, std::string_view reason, std::uint8_t flags = 0);
  /// Asks a run to end. One that was to begin later ends at once, and none of its code runs.
  void request_cancel(resident& r, std::string_view reason);
  /// If the time of the run is over it is terminated. Returns whether it is.
  bool end_overdue(resident& r);
  /// `end`: the record that has ended the child, as it was before it was sealed.
  void tell_parent(resident& child, const record& end);
  /// Children whose parent has ended, or waits for them no longer; then those of these, and so on:
  /// a family of any depth, one after the other.
  void settle_children();
  /// A run has ended: notes when retention is to take it.
  void plan_sweep(const run_state& s) noexcept;

 private:
  void end_from_outside(resident& r, std::string_view reason, std::uint8_t flags = 0);
  void end_unbegun(resident& r, std::string_view reason);

  services& services_;
  time_room& time_;
  run_room& runs_;
  recorder& recorder_;
  commit_line& commit_;
  step_desk& desk_;
  callers& callers_;
  waiters& waiters_;
};

}}}  // namespace stet::v0::detail
