// Timers: which are due, and what is due with them.
#include <algorithm>

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "base/plus.hpp"
#include "base/shown.hpp"
#include "engine/core.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t window_entries_max = 16'384;  // timers loaded at a time
constexpr std::int64_t wall_look_ms = 60'000;  // while it is behind, for who waits for a time of it

bool is_timed(const pending& p) noexcept {
  return p.kind == command_kind::sleep ||
         (p.kind == command_kind::step && p.at == pending::phase::retrying);
}

}  // namespace

/// When a pending sleep or retry is due. A time that somebody named has come when the wall clock
/// says so. What began in an earlier life waits no longer than its whole length from this start on,
/// whatever the clock says.
std::int64_t engine_core::due_of(const pending& p) const noexcept {
  if (STET_SEEDED(wake_early)) return p.due - 2;
  if (is_named(p)) return plus(p.due, time_.behind());
  auto due = time_.due(p.due, p.lsn);
  std::int64_t length = 0;
  if (time_.is_of_this_life(p.lsn) || __builtin_sub_overflow(p.due, p.due_since, &length))
    return due;
  return std::min(due, time_.since_start(length));
}

/// When to look whether it is due: the wall clock, for which some wait, may be behind at its time,
/// and may be set right at any time then.
std::int64_t engine_core::look_at(const pending& p) const noexcept {
  if (!is_named(p)) return due_of(p);
  return time_.is_over(p.due) ? std::min(due_of(p), plus(now_, wall_look_ms)) : p.due;
}

/// When a run begins whose start was delayed; 0: it has begun.
std::int64_t engine_core::begin_of(const run_state& s) const noexcept {
  return s.begins_at ? time_.due_of_run(s.begins_at, s.run) : 0;
}

/// When the time of a run is over, its own or that of its whole chain; INT64_MAX: never.
std::int64_t engine_core::deadline_of(const run_state& s) const noexcept {
  auto own = INT64_MAX, of_chain = INT64_MAX;
  if (s.execution_deadline) of_chain = time_.due_of_run(s.execution_deadline, s.first);
  // `deadline` is the earlier of both as their records say them, each by the clock of its own run.
  // Of a run that continues another, which begins at once, its own is known besides.
  auto recorded = s.deadline;
  if (s.run_timeout && s.first != s.run) recorded = plus(s.started, s.run_timeout);
  else if (recorded == s.execution_deadline) recorded = 0;
  if (recorded) own = time_.due_of_run(recorded, s.run);
  return std::min(own, of_chain);
}

/// When a run is to be looked at next; INT64_MAX: at no time, by itself.
std::int64_t engine_core::next_due(const run_state& s) const noexcept {
  auto due = deadline_of(s);
  if (s.begins_at) return std::min(due, begin_of(s));
  for (auto& p : s.waits_for)
    if (is_timed(p)) due = std::min(due, due_of(p));
  return due;
}

/// Puts what the run waits for into the timers, or the run into the ready ones.
void engine_core::arm(resident& r) {
  arm_timers(r);
  if (wake_of(r.state) == run_state::wake_at_start && !STET_SEEDED(forget_ready)) enqueue(r);
}

/// Also those beside a step that makes the run ready.
void engine_core::arm_timers(resident& r) {
  if (!r.state.open()) return;
  arm_ends(r);
  for (auto& p : r.state.waits_for)
    if (is_timed(p)) timers_.add(look_at(p), r.state.run, look_at(p) != p.due);
}

/// When it begins, and when its time is over.
void engine_core::arm_ends(resident& r) {
  if (!r.state.open()) return;
  auto add = [&](std::int64_t due, std::int64_t recorded) {
    timers_.add(due, r.state.run, due != recorded || r.state.stalled);
  };
  if (r.state.begins_at) add(begin_of(r.state), r.state.begins_at);
  if (r.state.deadline) add(deadline_of(r.state), r.state.deadline);
}

/// Arms the first of its times that is still to come. What is over would wake it at once, again and
/// again where nothing can be done about it: of a run that is stalled. One entry for one that is
/// gone, so that there are never more of them.
void engine_core::look_again(const resident& r) {
  auto& s = r.state;
  if (!s.open()) return;
  auto first = INT64_MAX;
  auto add = [&](std::int64_t due) {
    if (!time_.is_over(due)) first = std::min(first, due);
  };
  add(deadline_of(s));
  if (s.begins_at) add(begin_of(s));
  for (auto& p : s.waits_for)
    if (is_timed(p) && !s.stalled && !s.begins_at) add(look_at(p));
  if (first != INT64_MAX) timers_.add(first, s.run, first != wake_of(s));
}

void engine_core::load_timers() {
  auto from =
      keys::timer(timers_.loaded_until == INT64_MIN ? INT64_MIN : timers_.loaded_until + 1, 0);
  auto to = keys::end_of(keys::all(keys::space::timers));
  constexpr std::size_t tiny = 3;
  auto room = looks_at_all_ ? SIZE_MAX : STET_SIMULATED ? tiny : window_entries_max;
  std::vector<std::uint64_t> to_look_at;
  std::int64_t last = INT64_MAX;
  scan(*store_, {from, to}, [&](std::string_view key, std::string_view) {
    if (key.size() != from.size()) {
      listener_.problem("a key of the timer index makes no sense; it is left alone");
      return true;
    }
    auto t = keys::parse_timer(key);
    if (room == 0 && t.wake_ms != last) return false;
    if (t.wake_ms == run_state::wake_at_start || looks_at_all_) {
      if (!in_memory(t.run)) to_look_at.push_back(t.run);
      return true;
    }
    timers_.add(t.wake_ms, t.run);
    last = t.wake_ms;
    if (room > 0) --room;
    return true;
  });
  timers_.loaded_until = room > 0 ? INT64_MAX : last;
  for (auto run : to_look_at) {
    if (!looks_at_all_) {
      ready_.push_back(run);
    } else if (auto r = load(run)) {
      arm(*r);
    }
  }
}

bool engine_core::fire_timers() {
  if (is_refused()) return false;
  bool any = false;
  for (auto left = timers_.size() + 1; left > 0;
       --left) {  // what is armed meanwhile has to wait for the next turn
    auto next = timers_.next_due();
    if (timers_.loaded_until != INT64_MAX && (!next || *next > timers_.loaded_until) &&
        time_.is_over(timers_.loaded_until))
      load_timers();
    auto run = timers_.pop_due(time_.past());
    if (!run) break;
    any = true;
    if (auto r = load(*run)) for_run(*r, [&] { wake_run(*r); });
    relieve();
  }
  if (timers_.wants_purge() && timers_.size() > 4 * runs_.size() &&
      timers_.loaded_until != INT64_MAX)
    timers_.purge([&](std::uint64_t run) { return in_memory(run) != nullptr; });
  return any;
}

/// It was woken by what the index says, and the clock was set since.
bool engine_core::is_too_early(const run_state& s) const noexcept {
  return wake_of(s) != run_state::wake_at_start && !time_.is_over(next_due(s));
}

/// The time of the run is over: it has ended. False: it isn't.
bool engine_core::end_overdue(resident& r) {
  if (!time_.is_over(deadline_of(r.state))) return false;
  terminate(r, "its time was over", record_flag::timed_out);
  return true;
}

/// Does what is due for a run.
void engine_core::wake_run(resident& r) {
  if (!r.state.open()) return wake_attempts(r);  // bodies of it may go on
  if (end_overdue(r)) return;
  if (!r.resumed && !is_too_early(r.state)) return resume(r);
  if (!r.resumed || r.state.stalled) {
    wake_attempts(r);
    return look_again(r);
  }
  if (may_drive(r)) enqueue(r);
  std::vector<std::pair<std::int64_t, std::uint32_t>> due;
  for (auto& p : r.state.waits_for) {
    if (is_timed(p) && time_.is_over(due_of(p))) due.emplace_back(due_of(p), p.command);
  }
  std::sort(due.begin(), due.end());
  for (auto [when, command] : due) wake_pending(r, command);
  wake_attempts(r);
  look_again(r);
}

void engine_core::wake_pending(resident& r, std::uint32_t command) {
  auto* p = r.state.open() && !r.state.stalled ? r.state.find(command) : nullptr;
  if (!p) return;  // what fired before it changed that
  if (p->kind == command_kind::step) {
    if (p->at == pending::phase::retrying) next_attempt(r, *p);
    return;
  }
  ensure(p->kind == command_kind::sleep, "what a timer ends is a sleep");
  record e;
  e.kind = record_kind::timer_fired;
  e.command = command;
  happen(r, e);
}

void engine_core::wake_attempts(resident& r) {
  auto attempts = r.attempts;
  for (auto* a : attempts) {
    if (!time_.is_over(a->deadline) ||
        std::find(r.attempts.begin(), r.attempts.end(), a) == r.attempts.end())
      continue;
    a->deadline = INT64_MAX;
    if (a->at == attempt::phase::left) continue;  // it came in time or late: see came_late
    auto* p = a->stop || a->timed_out || r.state.stalled ? nullptr : counts(*a);
    if (!p) {
      watch(*a);
      continue;
    }
    auto left = time_left(*p, *a);
    if (left <= 0) {
      time_out(r, *p, *a, a->body->options);
      continue;
    }
    a->deadline = plus(now_, left);
    timers_.add(a->deadline, r.state.run);
  }
}

/// A body that was asked to stop, and goes on.
void engine_core::watch(attempt& a) {
  if (a.at != attempt::phase::running || a.warned || !a.stop) return;
  a.warned = true;
  auto late = std::to_string(after_stop_ms / 1000) + " s after it was asked to stop";
  if (a.is_pending())
    return listener_.problem("the step " + shown(a.body->name) + " is still pending " + late +
                             ": its run waits until its completion is resolved, rejected or "
                             "dropped, since its body captures and may have lent the run's "
                             "variables");
  listener_.problem(
      "the body of step " + shown(a.body->name) + " goes on " + late + ": it occupies a thread" +
      (a.body->waits_for_body && a.run_of.state.open() ? ", and its run waits for it" : ""));
}

}  // namespace detail
}}  // namespace stet::v0
