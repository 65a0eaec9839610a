// The loop does one turn after the other.
//
// One turn: let answers and bodies go that wait for a durable block · take attempts that came back
// · take calls · fire timers · drive runs that are ready · seal a block and have it written, by the
// commit thread or here. Invariants:
//  - a body begins only when everything is durable up to the record of its attempt (gatekeeper);
//  - an answer waits until the last record on which it depends is durable (answers);
//  - a frame is never destroyed while a capturing body of it is under way (frames);
//  - a run in memory without `unsaved` and without a frame can be dropped: the store has it.
#pragma once
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>

#include "engine/calls/calls_room.hpp"
#include "engine/calls/engine_parts.hpp"
#include "execution/limits.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// The calling thread is the loop for the time of a scope, and payloads have the engine's limit.
class as_loop {
 public:
  explicit as_loop(engine_parts& e) noexcept
      : here_(e.thread), limit_(e.services.options.payload_bytes_max) {}

 private:
  loop_thread::as_loop here_;
  payload_limit limit_;
};

/// Thread: the engine's loop.
class turns {
 public:
  turns(engine_parts& e, calls_room& c) noexcept : e_(e), calls_(c) {}

  /// Does everything that can be done now. Returns whether it did anything.
  bool turn();
  /// Turns until a close begins, or the engine fails.
  void loop() noexcept;
  /// Sleeps until something is due or comes in, and no longer than this.
  void sleep(std::int64_t ms_max);
  /// Performs the calls that have come. Returns whether there were any.
  bool take_calls();
  /// Drives the runs that are ready, until the time for a close is over.
  bool drive_ready();
  /// The engine time at which there is something to do next, if nothing comes from outside.
  /// `was_busy`: the last turn did something.
  std::optional<engine_time> next_wakeup(bool was_busy) const;

  /// The engine fails: it records, acknowledges and begins nothing more. The next engine on this
  /// store reads what is durable.
  void fail(std::exception_ptr e) noexcept;
  /// Fails every call with this error.
  void fail_everybody(const std::exception_ptr& e) noexcept;
  void discard_attempts() noexcept;

  /// After this time a close leaves bodies running, and drives nothing more.
  std::optional<std::chrono::steady_clock::time_point> close_by;

 private:
  std::exception_ptr perform(call& c);
  engine_time wakeup_time() const;
  bool is_close_over() const noexcept;

  engine_parts& e_;
  calls_room& calls_;
};

}}}  // namespace stet::v0::detail
