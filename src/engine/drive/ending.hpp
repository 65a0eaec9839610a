// Ends runs, and pays their debts to others. All of that is recorded in the block of the end's own
// record, so either all of it is durable or none.
//
// A run that ends owes:
//  - to the run that continues it: everything that was sent to it and that it has not seen
//    (successor.hpp);
//  - the commands of its last event: see driver::drive;
//  - an answer to everyone who waits: callers of result() and of updates, runs that called it, its
//    parent;
//  - to its children: what their parent_close says (settle_children).
// A debt to a run whose snapshot can't be read is kept for that run (runs/debt_book.hpp).
//
// After the record of an end, no debt may be forgotten because another part of this run can't be
// read: each debt is paid by itself, and one that can't be paid is reported.
#pragma once
#include <cstdint>
#include <string_view>

#include "engine/commit/commit_line.hpp"
#include "engine/drive/calling_runs.hpp"
#include "engine/drive/waiting_calls.hpp"
#include "engine/record/recorder.hpp"
#include "engine/steps/step_desk.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class ending {
 public:
  ending(services& s, time_room& t, run_room& r, recorder& rec, commit_line& c, step_desk& d,
         calling_runs& k, waiting_calls& w) noexcept
      : services_(s),
        time_(t),
        runs_(r),
        recorder_(rec),
        commit_(c),
        desk_(d),
        calling_runs_(k),
        waiting_calls_(w) {}

  /// The run has just ended by the record `end`: pays its debts.
  void end_run(resident& r, const record& end);
  /// Ends a run without its code. The record's `flags` say why.
  void terminate(resident& r, std::string_view reason, std::uint8_t flags = 0);
  /// Requests the cancellation of a run. A run that was to begin later ends at once, and none of
  /// its code runs.
  void request_cancel(resident& r, std::string_view reason);
  /// Terminates the run if its time is over. Returns whether it was.
  bool end_overdue(resident& r);
  /// `end`: the record that has ended the child, before it was sealed.
  void tell_parent(resident& child, const record& end);
  /// Ends or cancels the children whose parent has ended, or waits for them no longer; then the
  /// children of these, and so on, one after the other. The family may have any depth.
  void settle_children();
  /// A run has ended: notes when retention is to erase it.
  void plan_sweep(const run_state& s) noexcept;

 private:
  void end_from_outside(resident& r, std::string_view reason, std::uint8_t flags = 0);
  void note_end(const resident& r);
  void end_unbegun(resident& r, std::string_view reason);

  services& services_;
  time_room& time_;
  run_room& runs_;
  recorder& recorder_;
  commit_line& commit_;
  step_desk& desk_;
  calling_runs& calling_runs_;
  waiting_calls& waiting_calls_;
};

}}}  // namespace stet::v0::detail
