// When something of a run is due, by the engine's clock of today.
//
// Times stand in records as the clock showed them then. The clock may have been set since, so a
// recorded time is shifted by what was found out about that (journal/clock_history.hpp). Pure.
// Thread: the engine's loop.
#pragma once
#include <cstdint>

#include <stet/options.hpp>

#include "engine/time/engine_clock.hpp"
#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// A sleep, or a step that waits for its next attempt: the timer index has its time.
bool is_timed(const pending& p) noexcept;

class due_times {
 public:
  explicit due_times(const engine_clock& c) noexcept : clock_(c) {}

  /// When a pending sleep or retry is due. A time that the workflow named has come when the wall
  /// clock says so. What began in an earlier life of the engine waits no longer than its whole
  /// length from this start on, whatever the clock says.
  std::int64_t of(const pending& p) const noexcept;
  /// When to look whether it is due. While the wall clock is behind, a named time is looked at
  /// every minute, since the clock may be set right at any moment.
  std::int64_t next_look(const pending& p) const noexcept;
  /// When a delayed run begins; 0 if it has begun.
  std::int64_t begin_of(const run_state& s) const noexcept;
  /// When the time of a run is over, its own or that of its whole chain; INT64_MAX if it has none.
  std::int64_t deadline_of(const run_state& s) const noexcept;
  /// The earliest of all these; INT64_MAX if the run waits for no time.
  std::int64_t next_of(const run_state& s) const noexcept;
  /// Whether the timer index woke the run before its time, because the clock was set.
  bool is_too_early(const run_state& s) const noexcept;

  /// When all attempts of a step together have had their time; INT64_MAX if that has no limit.
  std::int64_t total_deadline(const pending& p, const step_options& o) const noexcept;
  /// After this time no further attempt begins; INT64_MAX if there is no such limit.
  std::int64_t last_attempt(const pending& p, const step_options& o) const noexcept;

 private:
  /// When `d` has passed since the step was emitted.
  std::int64_t after_emission(const pending& p, duration d) const noexcept;

  const engine_clock& clock_;
};

}}}  // namespace stet::v0::detail
