#include "engine/calls/control.hpp"

#include <string>

#include "base/shown.hpp"
#include "engine/calls/calls_room.hpp"
#include "execution/limits.hpp"
#include "history/make.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

std::string named(std::string_view version) {
  return version.empty() ? "without a version" : "with version " + shown(version);
}

}  // namespace

answer<void> control::cancel(run_ref target, std::string_view reason) {
  check_reason("cancel", reason);
  auto r = revival_.must_find_last(target);
  if (auto why = e_.drive.entities.why_not_cancelled(r->state); !why.empty())
    throw error(errc::usage, r->state.id, why);
  e_.drive.ending.request_cancel(*r, reason);
  return {e_.journal.last_lsn()};  // also what was recorded when the run was revived
}

answer<void> control::terminate(run_ref target, std::string_view reason) {
  check_reason("terminate", reason);
  auto r = e_.runs.finder.last_of_chain(target);
  e_.drive.ending.terminate(*r, reason);
  return {e_.journal.last_lsn()};
}

answer<void> control::resume(run_ref target) {
  auto r = e_.runs.finder.must_find(target);
  if (!r->state.open()) return {e_.journal.last_lsn()};
  if (r->state.stalled) {
    e_.drive.staller.resume(*r);
  } else {
    revival_.revive(*r);
    e_.advance.waker.retry_now(*r);
  }
  return {e_.journal.last_lsn()};
}

answer<v0::status> control::status(run_ref target) {
  auto r = e_.runs.finder.last_of_chain(target);
  return {r->state.shown_status(), r->last_lsn};
}

answer<void> control::move(run_ref target, std::string_view version) {
  auto r = revival_.must_find_last(target);
  auto& s = r->state;
  auto who = "the run " + shown(s.id) + " of workflow " + shown(s.workflow);
  if (!s.open()) throw error(errc::run_ended, s.id, who + " has ended");
  auto* d = e_.services.definitions.find(s.workflow, version);
  if (!d)
    throw error(errc::unknown_workflow, s.id,
                who + " can't be moved: no body " + named(version) + " is defined for it");
  if (s.version == version) return {r->last_lsn};
  if (!frames::may_evict(*r))
    throw error(errc::conflict, s.id,
                who +
                    " can't be moved now: the body of a step runs that refers to its "
                    "variables; ask again when it has returned");
  auto why = e_.drive.frames.why_incompatible(*d, *r);
  if (!why.empty())
    throw error(errc::rejected, s.id,
                who + " goes on " + named(s.version) + ": its history doesn't fit the body " +
                    named(version) + ": " + why);
  e_.recorder.append_note(*r, notes::moved(e_.time.now(), version));
  e_.drive.entry.evict_now(*r);
  if (s.stalled) (void)resume({s.run.value(), namespace_of(s), s.id});
  return {r->last_lsn};
}

// ---------------------------------------------------------------- the commands

answer<v0::status> perform(calls_room& e, const status_of_run& c) {
  return e.control.status(c.target);
}
answer<void> perform(calls_room& e, const cancel_run& c) {
  return e.control.cancel(c.target, c.reason);
}
answer<void> perform(calls_room& e, const terminate_run& c) {
  return e.control.terminate(c.target, c.reason);
}
answer<void> perform(calls_room& e, const move_run& c) {
  return e.control.move(c.target, c.version);
}
answer<void> perform(calls_room& e, const resume_run& c) { return e.control.resume(c.target); }

}}}  // namespace stet::v0::detail
