// When something of a run is due, by today's clock of the engine.
//
// A record has a time as the clock showed it then. The clock may have been set since, so a recorded
// time is shifted by what is known of that (journal/clock_history.hpp). Pure. Thread: the engine's
// loop.
#pragma once
#include <stet/options.hpp>

#include "base/engine_time.hpp"
#include "engine/time/engine_clock.hpp"
#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Whether this is a sleep, or a step that waits for its next attempt: their times are in the timer
/// index.
bool is_timed(const pending& p) noexcept;

class due_times {
 public:
  explicit due_times(const engine_clock& c) noexcept : clock_(c) {}

  /// When a pending sleep or retry is due. A time of day that the workflow named is due when the
  /// wall clock shows it. A wait that began in an earlier life of the engine lasts no longer than
  /// its whole length from this start on, whatever the clock says.
  engine_time of(const pending& p) const noexcept;
  /// When to check whether it is due. While the wall clock lags after engine time, a named time of
  /// day is checked every minute, since the clock may be set right at any moment.
  engine_time next_look(const pending& p) const noexcept;
  /// When a delayed run begins; no time if it has begun.
  engine_time begin_of(const run_state& s) const noexcept;
  /// When the time of a run is over, or that of its whole chain; never if there is no limit.
  engine_time deadline_of(const run_state& s) const noexcept;
  /// The earliest of all these times; never if the run waits for no time.
  engine_time next_of(const run_state& s) const noexcept;
  /// Whether the timer index has woken the run before its time, because the clock was set.
  bool is_too_early(const run_state& s) const noexcept;

  /// When the time for all attempts of a step together is over; never if there is no limit.
  engine_time total_deadline(const pending& p, const step_options& o) const noexcept;
  /// No further attempt begins after this time; never if there is no such limit.
  engine_time last_attempt(const pending& p, const step_options& o) const noexcept;

 private:
  /// The time at which `d` has passed since the step was emitted.
  engine_time after_emission(const pending& p, duration d) const noexcept;

  const engine_clock& clock_;
};

}}}  // namespace stet::v0::detail
