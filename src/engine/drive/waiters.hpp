// Calls from outside that wait for a run: for its end, or for the answer to an update.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/commit/commit_line.hpp"
#include "engine/door/call.hpp"
#include "engine/drive/callers.hpp"
#include "engine/runs/run_room.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Puts what an update came to into what its caller gets.
void fill(update_outcome& o, const update_answer& a);

/// Thread: the engine's loop.
class waiters {
 public:
  waiters(run_room& r, commit_line& c, callers& k) noexcept : runs_(r), commit_(c), callers_(k) {}

  /// The end of a run, or of those that continue it. Returns nothing if it isn't known yet: then
  /// the run keeps the call. A run that is stalled counts as one that has ended.
  std::optional<record_lsn> await_outcome(outcome_call& c);
  /// The run has ended, or is stalled: its waiters get that. Those of a run that was continued wait
  /// for the next one.
  void tell_end(resident& r);
  /// The run is stalled.
  void tell_stalled(resident& r);
  /// These updates have just been answered.
  void tell_updated(resident& r, const std::vector<std::string>& ids);
  void fail_updaters(resident& r, const error& e);
  /// Who waits for an update that went over to the next run waits there.
  static void move_updaters(resident& r, resident& next, const std::vector<std::string>& ids);

 private:
  run_room& runs_;
  commit_line& commit_;
  callers& callers_;
};

}}}  // namespace stet::v0::detail
