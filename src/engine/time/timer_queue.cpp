#include "engine/time/timer_queue.hpp"

#include <algorithm>

namespace stet { inline namespace v0 { namespace detail {

void timer_queue::add(engine_time due, run_number run, timer_owner what, bool stays) {
  if (!what.is_run()) {
    auto had = by_run_.lower_bound({run, what, engine_time::before_all()});
    bool other = had != by_run_.end() && std::get<0>(*had) == run && std::get<1>(*had) == what &&
                 std::get<2>(*had) != due;
    if (other) remove(run, what);
  }
  auto& kept = all_[{due, run, what}];
  kept |= stays;
  by_run_.insert({run, what, due});
}

void timer_queue::remove(run_number run, timer_owner what) noexcept {
  auto at = by_run_.lower_bound({run, what, engine_time::before_all()});
  while (at != by_run_.end() && std::get<0>(*at) == run && std::get<1>(*at) == what) {
    all_.erase({std::get<2>(*at), run, what});
    at = by_run_.erase(at);
  }
}

void timer_queue::forget(run_number run) noexcept {
  auto at = by_run_.lower_bound({run, {}, engine_time::before_all()});
  while (at != by_run_.end() && std::get<0>(*at) == run) {
    auto what = std::get<1>(*at);
    if (what.is_attempt()) {
      ++at;
      continue;
    }
    all_.erase({std::get<2>(*at), run, what});
    at = by_run_.erase(at);
  }
}

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
    if (is_timed(p))
      add(due_.next_look(p), s.run, timer_owner(p.command), due_.next_look(p) != p.due);
}

void timer_queue::look_again(const run_state& s) {
  if (!s.open()) return;
  auto first = engine_time::never();
  timer_owner what;
  auto consider = [&](engine_time due, timer_owner of) {
    if (clock_.is_over(due) || due >= first) return;
    first = due;
    what = of;
  };
  consider(due_.deadline_of(s), {});
  if (s.begins_at) consider(due_.begin_of(s), {});
  for (auto& p : s.waits_for)
    if (is_timed(p) && !s.stalled && !s.begins_at)
      consider(due_.next_look(p), timer_owner(p.command));
  if (first != engine_time::never()) add(first, s.run, what, first != wake_of(s));
}

engine_time timer_queue::next_time() const noexcept {
  return std::min(next_due().value_or(engine_time::never()), loaded_until_);
}

std::optional<due_run> timer_queue::pop_due(engine_time now) noexcept {
  if (all_.empty()) return std::nullopt;
  auto [due, run, what] = all_.begin()->first;
  if (due > now) return std::nullopt;
  all_.erase(all_.begin());
  by_run_.erase({run, what, due});
  return due_run{run, what};
}

bool timer_queue::wants_load() const noexcept {
  if (has_whole_index()) return false;
  auto next = next_due();
  return (!next || *next > loaded_until_) && clock_.is_over(loaded_until_);
}

}}}  // namespace stet::v0::detail
