#include "engine/steps/step_desk.hpp"

#include <algorithm>
#include <new>
#include <string>

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "base/user_code.hpp"
#include "base/users_exception.hpp"
#include "history/make.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

/// A body that still runs this long after it was asked to return is reported.
constexpr std::int64_t after_stop_ms = 30'000;

}  // namespace

void step_desk::begin_step(resident& r, request& q, std::uint32_t number) {
  auto* a = new attempt(bodies_, r, r.state, q);
  auto* p = r.state.find(command_number(q.id));
  ensure(p && p->kind == wait_kind::step, "a step that begins is pending");
  a->order.run = r.state.run;
  a->order.command = command_number(q.id);
  a->order.number = number;
  ensure(!r.forgotten, "a run that has a step is found by its number");
  a->ticket.lsn = r.last_lsn;
  a->order.progress = runs_.texts.progress(r.state, *p);
  r.add(*a);
  bodies_.gate.push_back(a);
}

pending* step_desk::counts(const attempt& a) noexcept {
  auto& s = a.run_of.state;
  auto* p = s.open() && !a.ticket.left_behind ? s.find(a.order.command) : nullptr;
  return p && p->at == pending::phase::waiting && p->attempt == a.order.number ? p : nullptr;
}

void step_desk::note_not_started(resident& r, const attempt& a) {
  recorder_.append_note(r, notes::not_started(a.order.command, a.order.number));
}

void step_desk::leave_behind(attempt& a) noexcept {
  a.ticket.left_behind = true;
  if (a.later && !a.body->waits_for_body && a.later->give_up()) bodies_.inline_returned.push(a);
}

void step_desk::ask_to_return(attempt& a) noexcept {
  not_user_code here;  // a callback of on_stop() isn't the workflow's code
  a.ask_to_stop();
  if (a.at != attempt::phase::running || (a.is_pending() && !a.body->holds_run())) return;
  a.ticket.deadline = time_.now() + after_stop_ms;
  try {
    time_.timers.add(a.ticket.deadline, a.order.run, timer_of(a));
    if (a.order.tried == trial::alone) trials.try_for_a_moment(a);
  } catch (const std::bad_alloc&) {}  // then it isn't reported
}

void step_desk::stop_all(resident& r) {
  for (auto* a : r.attempts) {
    if (!a->revoke()) {
      ask_to_return(*a);
    } else if (counts(*a)) {  // the run may be revived before the attempt is back
      note_not_started(r, *a);
      a->ticket.left_behind = true;
    }
  }
}

void step_desk::report_late(attempt& a) {
  if (a.at != attempt::phase::running || a.ticket.warned || !a.stop) return;
  a.ticket.warned = true;
  auto late = std::to_string(after_stop_ms / 1000) + " s after it was asked to stop";
  if (a.is_pending())
    return services_.reporter.report(
        event_kind::body_overdue,
        "the step " + shown(a.body->name) + " is still pending " + late +
            ": its run waits until its completion is resolved, rejected or dropped, since " +
            (a.body->waits_for_body
                 ? "its body captures and may have lent the run's variables"
                 : "it is a step of a saga: an undo must not run before its effect"),
        a.run_of.state, a.body->name);
  services_.reporter.report(
      event_kind::body_overdue,
      "the body of step " + shown(a.body->name) + " goes on " + late + ": it occupies a thread" +
          (a.body->holds_run() && a.run_of.state.open() ? ", and its run waits for it" : "") +
          " (run " + shown(a.run_of.state.id) + ")",
      a.run_of.state, a.body->name);
}

// ---------------------------------------------------------------- heartbeats

bool step_desk::take_heartbeats(bool all) {
  if (commit_.is_refused()) return false;  // until there is room, only the latest of each is kept
  auto came = bodies_.take_heartbeats();
  if (came.empty() && beats_.next() == INT64_MAX) return false;
  const auto now = bodies_.steady_ms();
  for (auto& [of, progress] : came)
    if (counts(of) && beats_.take(of, progress, now)) record_progress(of, progress);
  bool any = !came.empty();
  if (all || beats_.next() <= now) {
    for (auto& [of, progress] : beats_.take_due(now, all)) {
      record_progress(of, progress);
      any = true;
    }
  }
  return any;
}

/// The pending step that an attempt with heartbeats belongs to; null if the attempt doesn't count
/// (any more).
pending* step_desk::counts(const beating& of) noexcept {
  auto* r = runs_.table.find(of.run);
  auto* p = r && r->state.open() ? r->state.find(of.command) : nullptr;
  if (!p) return nullptr;
  bool does = p->at == pending::phase::waiting && p->attempt == of.attempt;
  return does || STET_SEEDED(beats_of_any_attempt) ? p : nullptr;
}

void step_desk::record_progress(const beating& of, const std::string& progress) {
  if (!counts(of)) return;
  auto& r = *runs_.table.find(of.run);
  try {
    recorder_.append_note(r, notes::progress(of.command, progress));
  } catch (const users_exception& e) {  // a later heartbeat makes up for it
    services_.reporter.report(event_kind::payload_failed, words_of(e.thrown()), r.state);
  }
  if (runs_.suspects.of({of.run, of.command}) != trial::none)
    for (auto* a : r.attempts)
      if (a->order.command == of.command && a->order.number == of.attempt) trials.gets_on(*a);
  commit_.commit_if_full();
}

void step_desk::settle_heartbeats(const attempt& a, bool has_result) {
  const beating of{a.order.run, a.order.command, a.order.number};
  auto kept = beats_.forget(of);
  if (kept && !has_result) record_progress(of, *kept);
}

std::string step_desk::progress(const run_state& s, const pending& p) const {
  auto* latest = beats_.latest({s.run, p.command, p.attempt});
  return latest ? *latest : runs_.texts.progress(s, p);
}

std::int64_t step_desk::next_heartbeat() const noexcept {
  auto next = beats_.next();
  return next == INT64_MAX ? next : std::max<std::int64_t>(next - bodies_.steady_ms(), 0);
}

}}}  // namespace stet::v0::detail
