#include "engine/drive/staller.hpp"

#include <algorithm>

#include "base/shown.hpp"
#include "history/make.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

/// Whether a body of a saga's step runs. The run may not go on beside it, to an undo perhaps.
bool has_body_to_undo(const resident& r) noexcept {
  return std::any_of(r.attempts.begin(), r.attempts.end(), [](const attempt* a) {
    return a->at == attempt::phase::running && a->body->may_be_undone && !a->ticket.left_behind;
  });
}

}  // namespace

void staller::stall(resident& r,
                    std::string reason,  // NOLINT(performance-unnecessary-value-param)
                    stall_kind kind) {
  reason = on_one_line(reason);
  desk_.stop_all(r);
  entry_.evict_now(r);
  if (!r.state.stalled || runs_.texts.outcome(r.state) != reason) {
    services_.reporter.report_stalled("run " + shown(r.state.id) + " of workflow " +
                                          shown(r.state.workflow) + " is stalled: " + reason,
                                      r.state, kind);
    recorder_.append_note_surely(r, notes::stalled(time_.now(), reason));
    time_.timers.look_again(r.state);  // the index only has that it is tried again at a start
  }
  waiting_calls_.tell_stalled(r);
}

void staller::resume(resident& r) {
  r.resumes_later = !frames::may_evict(r) || has_body_to_undo(r);
  if (r.resumes_later) return;
  recorder_.append_note(r, notes::resumed(time_.now()));
  entry_.evict_now(r);
  r.revived = false;
  runs_.agenda.add(r);
}

/// A turn has found that the run can't go on.
void staller::hold_up(resident& r, const char* why, stall_kind kind) {
  if (r.state.open()) return stall(r, why, kind);
  services_.reporter.report(event_kind::run_unreadable,
                            "run " + shown(r.state.id) + " has ended, and can't be read: " + why,
                            r.state);
}

}}}  // namespace stet::v0::detail
