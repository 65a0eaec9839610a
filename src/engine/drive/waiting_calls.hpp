// Calls from outside that wait for a run: for its end, or for the answer to an update.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/commit/commit_line.hpp"
#include "engine/door/call.hpp"
#include "engine/drive/calling_runs.hpp"
#include "engine/runs/run_room.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Fills the outcome for a caller of an update from its answer.
void fill(update_outcome& o, const update_answer& a);

/// Thread: the engine's loop.
class waiting_calls {
 public:
  waiting_calls(run_room& r, commit_line& c, calling_runs& k) noexcept
      : runs_(r), commit_(c), calling_runs_(k) {}

  /// Fills in the outcome of a run, or of the runs that continue it. Returns nothing if the run is
  /// open: then it keeps the call. A stalled run counts as one that has ended.
  std::optional<record_lsn> await_outcome(outcome_call& c);
  /// The run has ended or is stalled: answers the calls that wait for that. If the run was
  /// continued they wait for the next one.
  void tell_end(resident& r);
  /// The run is stalled: answers all calls that wait for it.
  void tell_stalled(resident& r);
  /// These updates have just been answered: answers the calls that wait for them.
  void tell_updated(resident& r, const std::vector<std::string>& ids);
  void fail_updaters(resident& r, const error& e);
  /// Calls that wait for an update that went over to the next run wait there from now on.
  static void move_updaters(resident& r, resident& next, const std::vector<std::string>& ids);

 private:
  run_room& runs_;
  commit_line& commit_;
  calling_runs& calling_runs_;
};

}}}  // namespace stet::v0::detail
