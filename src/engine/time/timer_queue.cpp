#include "engine/time/timer_queue.hpp"

#include <algorithm>

namespace stet { inline namespace v0 { namespace detail {

void timer_queue::add_ends(const run_state& s) {
  if (!s.open()) return;
  auto add_shifted = [&](engine_time due, engine_time recorded) {
    add(due, s.run, due != recorded || s.stalled);
  };
  if (s.begins_at) add_shifted(due_.begin_of(s), s.begins_at);
  if (s.deadline) add_shifted(due_.deadline_of(s), s.deadline);
}

void timer_queue::add_all(const run_state& s) {
  if (!s.open()) return;
  add_ends(s);
  for (auto& p : s.waits_for)
    if (is_timed(p)) add(due_.next_look(p), s.run, due_.next_look(p) != p.due);
}

void timer_queue::look_again(const run_state& s) {
  if (!s.open()) return;
  auto first = engine_time::never();
  auto consider = [&](engine_time due) {
    if (!clock_.is_over(due)) first = std::min(first, due);
  };
  consider(due_.deadline_of(s));
  if (s.begins_at) consider(due_.begin_of(s));
  for (auto& p : s.waits_for)
    if (is_timed(p) && !s.stalled && !s.begins_at) consider(due_.next_look(p));
  if (first != engine_time::never()) add(first, s.run, first != wake_of(s));
}

engine_time timer_queue::next_time() const noexcept {
  return std::min(next_due().value_or(engine_time::never()), loaded_until_);
}

std::optional<run_number> timer_queue::pop_due(engine_time now) noexcept {
  if (all_.empty() || all_.begin()->first.first > now) return std::nullopt;
  auto run = all_.begin()->first.second;
  all_.erase(all_.begin());
  return run;
}

bool timer_queue::wants_load() const noexcept {
  if (has_whole_index()) return false;
  auto next = next_due();
  return (!next || *next > loaded_until_) && clock_.is_over(loaded_until_);
}

}}}  // namespace stet::v0::detail
