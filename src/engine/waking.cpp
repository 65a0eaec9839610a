// Timers: which are due, and what is due with them.
#include <algorithm>

#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "engine/core.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t window_entries_max = 16'384;  // timers loaded at a time
constexpr std::size_t entries_before_purge = 131'072;
constexpr std::int64_t watchdog_ms =
    30'000;  // a body that goes on so long after it was asked to stop is named

}  // namespace

/// When a pending sleep or retry is due. Timers of an earlier session that were armed when the
/// clock stood higher than where this one began wait no longer than they were meant to.
std::int64_t engine_core::due_of(const pending& p) const noexcept {
  if (STET_SEEDED(wake_early)) return p.due - 2;
  bool absolute = p.kind == command_kind::sleep && (p.flags & record_flag::absolute);
  if (!clock_was_set_back_ || absolute || p.lsn >= journal_.first_lsn_of_session() ||
      p.due_since <= started_at_)
    return p.due;
  return std::min(p.due, started_at_ + (p.due - p.due_since));
}

/// Puts what the run waits for into the timers, or the run into the ready ones.
void engine_core::arm(resident& r) {
  auto wake = wake_of(r.state);
  if (wake == run_state::no_wake) return;
  arm_ends(r);
  for (auto& p : r.state.waits_for)  // also beside a step that makes the run ready
    if (p.kind == command_kind::sleep ||
        (p.kind == command_kind::step && p.at == pending::phase::retrying))
      timers_.add(due_of(p), r.state.run);
  if (wake == run_state::wake_at_start && !STET_SEEDED(forget_ready)) enqueue(r);
}

/// When it begins, and when its time is over.
void engine_core::arm_ends(resident& r) {
  if (!r.state.open()) return;
  if (r.state.begins_at) timers_.add(r.state.begins_at, r.state.run);
  if (r.state.deadline) timers_.add(r.state.deadline, r.state.run);
}

void engine_core::load_timers() {
  auto from =
      keys::timer(timers_.loaded_until == INT64_MIN ? INT64_MIN : timers_.loaded_until + 1, 0);
  auto to = keys::end_of(keys::all(keys::space::timers));
  constexpr std::size_t tiny = 3;
  auto room = clock_was_set_back_ ? SIZE_MAX : STET_SIMULATED ? tiny : window_entries_max;
  std::vector<std::uint64_t> to_look_at;
  std::int64_t last = INT64_MAX;
  scan(*store_, {from, to}, [&](std::string_view key, std::string_view) {
    if (key.size() != from.size()) {
      listener_.problem("a key of the timer index makes no sense; it is left alone");
      return true;
    }
    auto t = keys::parse_timer(key);
    if (room == 0 && t.wake_ms != last) return false;
    if (t.wake_ms == run_state::wake_at_start || clock_was_set_back_) {
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
    if (!clock_was_set_back_) {
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
        now_ >= timers_.loaded_until)
      load_timers();
    auto run = timers_.pop_due(now_);
    if (!run) break;
    any = true;
    if (auto r = load(*run)) wake_run(*r);
    relieve();
  }
  if (timers_.size() > entries_before_purge && timers_.size() > 4 * runs_.size() &&
      timers_.loaded_until != INT64_MAX)
    timers_.filter(
        [&](const timers::entry& e) { return e.due <= timers_.loaded_until || in_memory(e.run); });
  return any;
}

/// Does what is due for a run.
void engine_core::wake_run(resident& r) {
  if (!r.state.open()) return;
  if (r.state.deadline && r.state.deadline <= now_)
    return terminate(r, "its time was over", record_flag::timed_out);
  if (!r.resumed) return resume(r);
  if (r.state.stalled) return;
  if (may_drive(r)) enqueue(r);
  std::vector<std::pair<std::int64_t, std::uint32_t>> due;
  for (auto& p : r.state.waits_for) {
    bool timed = p.kind == command_kind::sleep ||
                 (p.kind == command_kind::step && p.at == pending::phase::retrying);
    if (timed && due_of(p) <= now_) due.emplace_back(due_of(p), p.command);
  }
  std::sort(due.begin(), due.end());
  for (auto [when, command] : due) wake_pending(r, command);
  wake_attempts(r);
}

void engine_core::wake_pending(resident& r, std::uint32_t command) {
  auto* p = r.state.open() && !r.state.stalled ? r.state.find(command) : nullptr;
  if (!p) return;  // what fired before it changed that
  if (p->kind == command_kind::step) {
    if (p->at == pending::phase::retrying) next_attempt(r, *p);
    return;
  }
  record e;
  e.kind = record_kind::timer_fired;
  e.command = command;
  happen(r, e);
}

void engine_core::wake_attempts(resident& r) {
  auto attempts = r.attempts;
  for (auto* a : attempts) {
    if (!a->submitted || a->deadline > now_ ||
        std::find(r.attempts.begin(), r.attempts.end(), a) == r.attempts.end())
      continue;
    a->deadline = INT64_MAX;
    auto* p = r.state.open() ? r.state.find(a->command) : nullptr;
    if (!p || a->left_behind || a->timed_out || p->at != pending::phase::waiting ||
        p->attempt != a->number) {
      watch(*a);
      continue;
    }
    auto left = time_left(*p, *a);
    if (left > 0) {
      a->deadline = now_ + left;
    } else {
      time_out(r, *p, *a, a->body->options);
      a->deadline = now_ + watchdog_ms;
    }
    timers_.add(a->deadline, r.state.run);
  }
}

/// A body that was asked to stop, and goes on.
void engine_core::watch(attempt& a) {
  if (a.at != attempt::phase::running || a.warned || !a.stop) return;
  a.warned = true;
  auto late = std::to_string(watchdog_ms / 1000) + " s after it was asked to stop";
  if (a.is_pending())
    return listener_.problem("the step " + shown(a.body->name) + " is still pending " + late +
                             ": its run waits until its completion is resolved, rejected or "
                             "dropped, since its body captures and may have lent the run's "
                             "variables");
  listener_.problem("the body of step " + shown(a.body->name) + " goes on " + late +
                    ": it occupies a thread" +
                    (a.body->waits_for_body ? ", and its run waits for it" : ""));
}

}  // namespace detail
}}  // namespace stet::v0
