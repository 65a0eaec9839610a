// The attempts of steps that are under way: makes them, asks them to return, gives them up, and
// records their heartbeats.
#pragma once
#include <cstdint>

#include "engine/bodies/bodies.hpp"
#include "engine/commit/commit_line.hpp"
#include "engine/record/recorder.hpp"
#include "engine/runs/run_room.hpp"
#include "engine/services/services.hpp"
#include "engine/steps/beat_book.hpp"
#include "engine/steps/trials.hpp"
#include "engine/time/time_room.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// The time-outs of an attempt, as the timers know them.
inline timer_owner timer_of(const attempt& a) noexcept { return {a.order.command, a.order.number}; }

/// Thread: the engine's loop.
class step_desk {
 public:
  step_desk(services& s, time_room& t, run_room& r, recorder& rec, commit_line& c, bodies& b)
      : trials(s, t, r), services_(s), time_(t), runs_(r), recorder_(rec), commit_(c), bodies_(b) {}

  /// Makes an attempt of a pending step. It waits in the gate until everything up to now is
  /// durable.
  void begin_step(resident& r, request& q, std::uint32_t number);
  /// The pending step of an attempt, if the step waits for just this attempt; null if the attempt
  /// doesn't count (any more).
  pending* counts(const attempt& a) noexcept;
  /// The attempt has certainly done nothing: the step's next attempt has the same number.
  void note_not_started(resident& r, const attempt& a);
  /// Nothing waits for an attempt any more. If it is pending it comes back at once, unless its body
  /// captures: then it is still waited for.
  void leave_behind(attempt& a) noexcept;
  /// Asks a body to return. If it goes on it is reported after a while. If it is tried as a suspect
  /// its trial ends after a moment, since it may never come back.
  void ask_to_return(attempt& a) noexcept;
  /// For a run whose own code goes no further: asks all bodies to return, and notes the attempts
  /// that have not begun.
  void stop_all(resident& r);
  /// Reports a body that was asked to return, and still runs.
  void report_late(attempt& a);
  /// Records the latest heartbeat of each attempt that counts. One that was given up, or whose step
  /// has its outcome, says nothing about the next one. Returns whether there were any.
  /// Not every one is recorded: see beat_book. `all`: also what was kept for later.
  bool take_heartbeats(bool all = false);
  /// An attempt is over, and its outcome isn't recorded yet. If it has no result, its last
  /// heartbeat is recorded, so that the next attempt gets it.
  void settle_heartbeats(const attempt& a, bool has_result);
  /// The progress that the latest heartbeat of a pending step reported, recorded or not.
  std::string progress(const run_state& s, const pending& p) const;
  /// How many ms from now a heartbeat is to be recorded; INT64_MAX if none is kept.
  std::int64_t next_heartbeat() const noexcept;

  detail::trials trials;

 private:
  void record_progress(const beating& of, const std::string& progress);
  pending* counts(const beating& of) noexcept;

  services& services_;
  time_room& time_;
  run_room& runs_;
  recorder& recorder_;
  commit_line& commit_;
  bodies& bodies_;
  beat_book beats_;
};

}}}  // namespace stet::v0::detail
