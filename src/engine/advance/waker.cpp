#include "engine/advance/waker.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "history/make.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t window_entries_max = 16'384;  // timers loaded at a time
constexpr std::size_t window_of_simulation = 3;

}  // namespace

// ---------------------------------------------------------------- the timers

void waker::load_timers() {
  auto& timers = time_.timers;
  const bool looks_at_all = time_.keeper.doubts_index();
  auto begin = timers.loaded_until();
  if (begin != engine_time::before_all()) begin = begin + 1;
  auto from = keys::timer(begin, {}), to = keys::end_of(keys::all(keys::space::timers));
  auto room = looks_at_all ? SIZE_MAX : STET_SIMULATED ? window_of_simulation : window_entries_max;
  std::vector<run_number> to_look_at;
  auto last = engine_time::never();
  scan(services_.store, {from, to}, [&](std::string_view key, std::string_view) {
    if (key.size() != from.size()) {
      services_.reporter.report(event_kind::store_damaged,
                                "a key of the timer index makes no sense; it is left alone");
      return true;
    }
    auto t = keys::parse_timer(key);
    if (room == 0 && t.wake != last) return false;
    if (t.wake == run_state::wake_at_start || looks_at_all) {
      if (!runs_.table.find(t.run)) to_look_at.push_back(t.run);
      return true;
    }
    timers.add(t.wake, t.run);
    last = t.wake;
    if (room > 0) --room;
    return true;
  });
  timers.set_loaded_until(room > 0 ? engine_time::never() : last);
  for (auto run : to_look_at) {
    if (!looks_at_all) runs_.agenda.add(run);
    else if (auto r = runs_.table.load(run)) schedule(*r);
  }
}

void waker::schedule(resident& r) {
  time_.timers.add_all(r.state);  // also if a step makes the run ready
  if (wake_of(r.state) == run_state::wake_at_start && !STET_SEEDED(forget_ready))
    runs_.agenda.add(r);
}

bool waker::fire_timers() {
  if (commit_.is_refused()) return false;
  auto& timers = time_.timers;
  bool any = false;
  // A timer that is added meanwhile waits for the next turn.
  for (auto left = timers.size() + 1; left > 0; --left) {
    if (timers.wants_load()) load_timers();
    auto due = timers.pop_due(time_.clock.past());
    if (!due) break;
    any = true;
    if (auto r = runs_.table.load(due->run)) staller_.for_run(*r, [&] { wake(*r, due->what); });
    commit_.commit_if_full();
  }
  if (timers.wants_purge() && timers.size() > 4 * runs_.table.all().size() &&
      !timers.has_whole_index())
    timers.purge([&](run_number run) { return runs_.table.find(run) != nullptr; });
  return any;
}

// ---------------------------------------------------------------- one run

/// Does what is due for a run. One of many waits costs no look at the others.
void waker::wake(resident& r, timer_owner what) {
  bool is_one_wait = r.state.open() && r.revived && !what.is_run() && !what.is_attempt();
  if (!is_one_wait) return wake(r);
  if (ending_.end_overdue(r) || r.state.stalled) return;
  if (driver_.may_drive(r)) runs_.agenda.add(r);
  auto* p = r.state.find(what.command());
  if (!p || !is_timed(*p)) return;
  if (time_.clock.is_over(time_.due.of(*p))) wake_pending(r, what.command());
  else time_.timers.add(time_.due.next_look(*p), r.state.run, what);
}

/// Does everything that is due for a run.
void waker::wake(resident& r) {
  if (!r.state.open()) return wake_attempts(r);  // its bodies may go on
  if (ending_.end_overdue(r)) return;
  if (!r.revived && !time_.due.is_too_early(r.state)) return revive(r);
  if (!r.revived || r.state.stalled) {
    wake_attempts(r);
    return time_.timers.look_again(r.state);
  }
  if (driver_.may_drive(r)) runs_.agenda.add(r);
  std::vector<std::pair<engine_time, command_number>> due;
  for (auto& p : r.state.waits_for) {
    if (is_timed(p) && time_.clock.is_over(time_.due.of(p)))
      due.emplace_back(time_.due.of(p), p.command);
  }
  std::sort(due.begin(), due.end());
  for (auto [when, command] : due) wake_pending(r, command);
  wake_attempts(r);
  time_.timers.look_again(r.state);
}

void waker::wake_pending(resident& r, command_number command) {
  auto* p = r.state.open() && !r.state.stalled ? r.state.find(command) : nullptr;
  if (!p) return;  // a timer that fired before has ended the wait
  if (p->kind == wait_kind::step) {
    if (p->at == pending::phase::retrying) timeouts_and_retries_.next_attempt(r, *p);
    return;
  }
  ensure(p->kind == wait_kind::sleep, "what a timer ends is a sleep");
  driver_.take_event(r, events::timer_fired(command));
}

void waker::retry_now(resident& r) {
  std::vector<command_number> retrying;
  for (auto& p : r.state.waits_for)
    if (p.kind == wait_kind::step && p.at == pending::phase::retrying)
      retrying.push_back(p.command);
  for (auto command : retrying) wake_pending(r, command);
}

void waker::wake_attempts(resident& r) {
  std::vector<attempt*> due;  // only returns::take destroys attempts, which isn't called from here
  for (auto* a : r.attempts)
    if (time_.clock.is_over(a->ticket.deadline)) due.push_back(a);
  for (auto* a : due) {
    if (!time_.clock.is_over(a->ticket.deadline)) continue;
    a->ticket.deadline = engine_time::never();
    time_.timers.remove(r.state.run, timer_of(*a));
    if (a->at == attempt::phase::left) continue;  // returns::came_late checks its time
    auto* p = a->stop || a->ticket.timed_out || r.state.stalled ? nullptr : desk_.counts(*a);
    if (!p) {
      desk_.report_late(*a);
      continue;
    }
    auto left = timeouts_and_retries_.time_left(*p, *a);
    if (left <= 0) {
      timeouts_and_retries_.time_out(r, *p, *a);
      continue;
    }
    a->ticket.deadline = time_.now() + left;
    time_.timers.add(a->ticket.deadline, r.state.run, timer_of(*a));
  }
}

bool waker::drive_one(run_number run) {
  auto r = runs_.table.load(run);
  if (!r) return false;
  r->queued = false;
  staller_.for_run(*r, [&] {
    if (!r->revived && runs_.debts.has(run)) payer_.pay(*r);
    if (!r->state.open()) return;
    if (!r->revived) return revive(*r);
    driver_.drive_what_is_there(*r);
  });
  commit_.commit_if_full();
  return true;
}

// ---------------------------------------------------------------- revive

void waker::revive(resident& r) {
  failpoint("resume");
  ensure(!r.revived, "a run is revived once");
  if (runs_.debts.has(r.state.run)) payer_.pay(r);
  if (!r.state.open()) return;
  if (ending_.end_overdue(r)) return;
  time_.timers.remove(r.state.run, {});  // the index's: from here on each wait has its own
  time_.timers.look_again(r.state);      // also if it is stalled, or hasn't begun yet
  auto quarantined = why_quarantined(r.state, services_.options.max_crashes);
  const bool begins_later =
      quarantined.empty() && !time_.clock.is_over(time_.due.begin_of(r.state));
  const bool has_frame = quarantined.empty() && !begins_later && frames_.ensure_frame(r);
  r.revived = true;  // not earlier: if something above throws, the run isn't revived
  if (!quarantined.empty()) return staller_.stall(r, std::move(quarantined), stall_kind::crashes);
  if (begins_later || !has_frame) return;
  resume_pending(r);
  driver_.drive_what_is_there(r);
  if (r.state.open() && !r.state.stalled) schedule(r);
  wake(r);
}

void waker::resume_pending(resident& r) {
  std::vector<command_number> steps;
  for (auto& p : r.state.waits_for)
    if (p.kind == wait_kind::step && p.at != pending::phase::retrying) steps.push_back(p.command);
  for (auto command : steps) resume_step(r, command);
}

void waker::resume_step(resident& r, command_number command) {
  auto* p = r.state.open() && !r.state.stalled ? r.state.find(command) : nullptr;
  if (!p) return;
  if (p->at == pending::phase::ending) return driver_.take_event(r, events::body_returned(command));
  bool is_unknown = p->at == pending::phase::waiting && (p->flags & flag::step::at_most_once) &&
                    !timeouts_and_retries_.is_convicted(*p) && !STET_SEEDED(repeat_at_most_once);
  if (!is_unknown) return timeouts_and_retries_.next_attempt(r, *p);
  timeouts_and_retries_.fail_step(
      r, *p, errc::step_interrupted, "stet::step_interrupted",
      "the process ended while the step was under way; whether it took effect is unknown");
}

}}}  // namespace stet::v0::detail
