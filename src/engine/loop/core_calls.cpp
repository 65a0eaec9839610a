// How calls reach the loop and get their answers. Also manual mode, where the caller's thread is
// the loop.
#include <algorithm>

#include "base/plus.hpp"
#include "base/shown.hpp"
#include "engine/loop/core.hpp"
#include "engine/services/failures.hpp"
#include "port/process.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::int64_t manual_nap_ms = 10;  // a clock that is set by hand wakes no thread

}  // namespace

bool engine_core::submit(call& c, std::optional<duration> limit) {
  must_be_usable();
  auto* body = attempt_of_thread();
  c.of_body = body && &body->home == &parts.bodies;
  if (!c.of_body || !c.waits_for_run) return ask_loop(c, limit);
  lent_thread here(parts.bodies);
  return ask_loop(c, limit);
}

void engine_core::must_be_usable() const {
  if (reporter::is_in_listener())
    throw error(errc::usage, "engine",
                "a listener must not call an engine, which may be waiting for the listener: keep "
                "what was reported, and call from another thread");
  if (parts.thread.is_here())
    throw error(
        errc::usage, "engine",
        "this call waits for the engine, and was made on the engine's own thread: from a "
        "workflow use ctx, from an inline step or in manual mode hand it to another thread");
  if (phase_ == phase::made)
    throw error(errc::usage, "engine", "the engine is not started: call start() first");
  if (process_ != port::process_id())
    throw error(
        errc::closed, "engine",
        "this process was forked from the engine's: open an engine of its own, on another store");
  if (phase_ == phase::closed) throw error(errc::closed, "engine", "the engine is closed");
}

bool engine_core::ask_loop(call& c, std::optional<duration> limit) {
  parts.inbox.post(c);
  if (parts.services.is_manual()) return drive_until(c, limit);
  if (!limit) {
    c.wait();
    return true;
  }
  return c.wait_for(*limit) || give_up_waiting(c);
}

/// The time of a call is up: takes the call back from the loop. Returns true if it was answered
/// meanwhile. Throws if the engine is closed or fails in that very turn.
bool engine_core::give_up_waiting(call& c) {
  bool is_back = false;
  auto take_back = [&]() -> answer<void> {
    parts.commit.answers.forget(static_cast<waiting_call&>(c));  // only these wait with a limit
    is_back = true;
    return {no_lsn};  // depends on nothing
  };
  function_call<decltype(take_back)> taking(take_back);
  taking.needs_room = false;
  try {
    submit(taking);
    taking.take();
  } catch (const error&) {
    if (is_back) throw;
    c.wait();  // the engine is over: it still has the call, and fails it
  }
  return c.is_done();
}

// ---------------------------------------------------------------- manual mode

namespace {

/// The loop's thread may be anywhere: no other one looks at what is the loop's.
void must_be_manual(const services& s, const char* what) {
  if (s.is_manual()) return;
  throw error(errc::usage, what,
              "this engine has threads of its own: " + std::string(what) +
                  "() is for engine_options{.threads = 0}");
}

}  // namespace

bool engine_core::poll() {
  must_be_usable();
  must_be_manual(parts.services, "poll");
  port::lock_guard drives(drive_mutex_);
  parts.inbox.throw_if_over();
  return was_busy_ = turn_by_caller();
}

bool engine_core::run_until_idle(duration limit) {
  if (limit.count() < 0)
    throw error(errc::usage, "run_until_idle",
                "the time to work is negative, " + shown(limit) + ": leave it out for no limit");
  auto began = parts.time.clock.steady();
  while (poll())
    if (parts.time.clock.steady() - began >= limit.count()) return false;
  return true;
}

std::optional<engine_core::wakeup> engine_core::next_wakeup() {
  must_be_usable();
  must_be_manual(parts.services, "next_wakeup");
  port::lock_guard drives(drive_mutex_);
  parts.inbox.throw_if_over();
  auto due = turns_.next_wakeup(was_busy_);
  if (!due) return std::nullopt;
  auto& clock = parts.time.clock;
  auto left = std::max<std::int64_t>(*due - clock.measure(), 0);
  return wakeup{to_time_point(clock.on_wall(*due)), duration(left)};
}

bool engine_core::turn_by_caller() {
  as_loop here(parts);
  try {
    bool busy = turns_.turn();
    was_busy_ &= busy;
    return busy;
  } catch (...) {
    turns_.fail(std::current_exception());
    std::rethrow_exception(as_error(std::current_exception()));
  }
}

/// Does a turn, and returns whether that did anything. Returns nothing if another thread drives or
/// closes the engine, or if the engine has failed: then the call has been answered, or is answered
/// by the thread that closes.
std::optional<bool> engine_core::turn_if_free() {
  if (!drive_mutex_.try_lock()) return std::nullopt;
  port::lock_guard drives(drive_mutex_, std::adopt_lock);
  if (parts.inbox.is_over()) return std::nullopt;
  return turn_by_caller();
}

/// The thread that drives the engine answers the call, and so does the thread that closes it. A
/// body that waits here must not wait for the lock of that thread, since a close waits for the
/// body.
bool engine_core::drive_until(call& c, std::optional<duration> limit) {
  auto& clock = parts.time.clock;
  auto end = limit ? plus(clock.steady(), limit->count()) : INT64_MAX;
  while (!c.is_done()) {
    auto busy = turn_if_free();
    if (!busy) (void)c.wait_for(duration(manual_nap_ms));
    if (c.is_done()) break;
    if (busy == true ? clock.steady() > end : clock.steady() >= end) return give_up_waiting(c);
    if (busy != false || skip(c, end)) continue;
    if (!drive_mutex_.try_lock()) continue;
    port::lock_guard drives(drive_mutex_, std::adopt_lock);
    turns_.sleep(std::clamp<std::int64_t>(end - clock.steady(), 1, manual_nap_ms));
  }
  return true;
}

/// A clock that is moved by hand may move itself to the next time that is due, or to `end` (steady)
/// if that is earlier. Returns true if there may be something to do now.
bool engine_core::skip(call& c, std::int64_t end) {
  if (!dynamic_cast<waiting_call*>(&c)) return false;
  std::optional<time_point> due;  // by the wall clock
  {
    if (!drive_mutex_.try_lock()) return false;
    port::lock_guard drives(drive_mutex_, std::adopt_lock);
    auto next = turns_.next_wakeup(was_busy_);
    if (end != INT64_MAX) {
      auto limit = parts.time.now() + (end - parts.time.clock.steady());
      next = std::min(next.value_or(limit), limit);
    }
    if (next) due = to_time_point(parts.time.clock.on_wall(*next));
  }
  try {
    return parts.services.clock.skip_to(due);
  } catch (...) {
    give_up_waiting(c);
    throw;
  }
}

}}}  // namespace stet::v0::detail
