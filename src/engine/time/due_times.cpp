#include "engine/time/due_times.hpp"

#include <algorithm>

#include "base/hooks.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::int64_t wall_look_ms = 60'000;

}  // namespace

bool is_timed(const pending& p) noexcept {
  return p.kind == wait_kind::sleep ||
         (p.kind == wait_kind::step && p.at == pending::phase::retrying);
}

engine_time due_times::of(const pending& p) const noexcept {
  if (STET_SEEDED(wake_early)) return p.due - 2;
  if (is_named(p)) return p.due + clock_.behind();
  auto due = clock_.due(p.due, p.lsn);
  std::int64_t length = 0;
  if (clock_.is_of_this_life(p.lsn) ||
      __builtin_sub_overflow(p.due.value(), p.due_since.value(), &length))
    return due;
  return std::min(due, clock_.since_start(length));
}

engine_time due_times::next_look(const pending& p) const noexcept {
  if (!is_named(p)) return of(p);
  return clock_.is_over(p.due) ? std::min(of(p), clock_.now() + wall_look_ms) : p.due;
}

engine_time due_times::begin_of(const run_state& s) const noexcept {
  return s.begins_at ? clock_.due_of_run(s.begins_at, s.run) : engine_time();
}

engine_time due_times::deadline_of(const run_state& s) const noexcept {
  auto own = engine_time::never(), of_chain = engine_time::never();
  if (s.execution_deadline) of_chain = clock_.due_of_run(s.execution_deadline, s.first);
  // `deadline` is the earlier of both times as they were recorded, each by the clock of its own
  // run. A run that continues another begins at once, so its own deadline is known from its start.
  auto recorded = s.deadline;
  if (s.run_timeout && s.first != s.run) recorded = s.started + s.run_timeout;
  else if (recorded == s.execution_deadline) recorded = {};
  if (recorded) own = clock_.due_of_run(recorded, s.run);
  return std::min(own, of_chain);
}

engine_time due_times::next_of(const run_state& s) const noexcept {
  auto due = deadline_of(s);
  if (s.begins_at) return std::min(due, begin_of(s));
  for (auto& p : s.waits_for)
    if (is_timed(p)) due = std::min(due, of(p));
  return due;
}

bool due_times::is_too_early(const run_state& s) const noexcept {
  return wake_of(s) != run_state::wake_at_start && !clock_.is_over(next_of(s));
}

engine_time due_times::total_deadline(const pending& p, const step_options& o) const noexcept {
  return o.total_timeout.count() > 0 ? after_emission(p, o.total_timeout) : engine_time::never();
}

engine_time due_times::last_attempt(const pending& p, const step_options& o) const noexcept {
  auto most = o.retry.max_elapsed;
  return most.count() > 0 ? after_emission(p, most) : engine_time::never();
}

engine_time due_times::after_emission(const pending& p, duration d) const noexcept {
  return clock_.due(p.armed + d.count(), p.lsn);
}

}}}  // namespace stet::v0::detail
