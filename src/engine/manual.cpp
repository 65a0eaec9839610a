// Manual mode: whoever calls drives the engine.
#include <algorithm>

#include "base/plus.hpp"
#include "engine/core.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::int64_t manual_nap_ms = 10;  // a clock that is set by hand tells nobody

}  // namespace

/// Whether a turn did anything; nothing if somebody else drives the engine, or closes it, or if it
/// has failed: then every call has been answered, or is answered by whoever closes.
std::optional<bool> engine_core::turn_if_free() {
  std::unique_lock drives(drive_mutex_, std::try_to_lock);
  if (!drives) return std::nullopt;
  {
    std::lock_guard lock(mutex_);
    if (closing_ || failed_) return std::nullopt;
  }
  return turn_by_caller();
}

/// Whoever drives the engine answers the call, and so does whoever closes it. A body that waits
/// here must not wait for their lock, since the close waits for the body.
bool engine_core::drive_until(call& c, std::optional<duration> limit) {
  auto end = limit ? plus(steady_ms(), limit->count()) : INT64_MAX;
  while (!c.is_done()) {
    auto busy = turn_if_free();
    if (!busy) (void)c.wait_for(duration(manual_nap_ms));
    if (c.is_done()) break;
    if (busy == true ? steady_ms() > end : steady_ms() >= end) return give_up_waiting(c);
    if (busy != false || skip(c, end)) continue;
    std::unique_lock lock(drive_mutex_, std::try_to_lock);
    if (lock) sleep_until_woken(std::clamp<std::int64_t>(end - steady_ms(), 1, manual_nap_ms));
  }
  return true;
}

/// A clock that is moved by hand may move itself to what is due next, `end` (steady) at the latest.
/// True if there may be something to do now.
bool engine_core::skip(call& c, std::int64_t end) {
  if (!dynamic_cast<waiting_call*>(&c)) return false;
  std::optional<time_point> due;
  {
    std::unique_lock lock(drive_mutex_, std::try_to_lock);
    if (!lock) return false;
    due = due_next();
    if (end != INT64_MAX) {
      time_point limit(duration(plus(now_, end - steady_ms())));
      due = std::min(due.value_or(limit), limit);
    }
  }
  try {
    return clock_.skip_to(due);
  } catch (...) {
    give_up_waiting(c);
    throw;
  }
}

bool engine_core::run_until_idle(duration limit) {
  if (limit.count() < 0) throw error(errc::usage, "run_until_idle", "a time to work is negative");
  auto began = steady_ms();
  while (poll())
    if (steady_ms() - began >= limit.count()) return false;
  return true;
}

std::optional<time_point> engine_core::next_wakeup() {
  throw_if_unusable();
  std::lock_guard drives(drive_mutex_);
  {
    std::lock_guard lock(mutex_);
    throw_if_over();
  }
  return due_next();
}

/// When there is something to do next, if nothing comes from outside. For who has the lock.
std::optional<time_point> engine_core::due_next() const {
  if (is_refused()) return time_point(duration(retry_commit_at_));  // nothing happens before
  if (was_busy_ || !ready_.empty()) return time_point(duration(now_));
  auto due = next_timer();
  if (due == INT64_MAX) return std::nullopt;
  return time_point(duration(time_.shown(due)));
}

}  // namespace detail
}}  // namespace stet::v0
