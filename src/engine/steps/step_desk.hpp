// The attempts of steps that are under way: made, asked to return, left behind; and what they say
// meanwhile.
#pragma once
#include <cstdint>

#include "engine/bodies/bodies.hpp"
#include "engine/commit/commit_line.hpp"
#include "engine/record/recorder.hpp"
#include "engine/runs/run_room.hpp"
#include "engine/services/services.hpp"
#include "engine/steps/trials.hpp"
#include "engine/time/time_room.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class step_desk {
 public:
  step_desk(services& s, time_room& t, run_room& r, recorder& rec, commit_line& c, bodies& b)
      : trials(s, t, r), services_(s), time_(t), runs_(r), recorder_(rec), commit_(c), bodies_(b) {}

  /// A pending step waits in the gate until all is durable up to now.
  void begin_step(resident& r, request& q, std::uint32_t number);
  /// What the attempt is of, if its step waits for just this one; null if it has no say (any more).
  pending* counts(const attempt& a) noexcept;
  /// The attempt certainly did nothing: the step's next attempt is this one again.
  void note_not_started(resident& r, const attempt& a);
  /// Nobody waits for an attempt any more. What is pending comes back at once, its body apart,
  /// which is waited for.
  void leave_behind(attempt& a) noexcept;
  /// Asks a body to return. One that goes on is reported after a while; and if it is tried as a
  /// suspect its trial ends after a moment, since it may never come back.
  void ask_to_return(attempt& a) noexcept;
  /// All attempts of a run whose own code goes no further: bodies are asked to return, and what has
  /// not begun is noted as that.
  void stop_all(resident& r);
  /// Reports a body that was asked to return, and goes on.
  void report_late(attempt& a);
  /// Records the latest heartbeat of each attempt. Only the attempt that counts has a say: one that
  /// was left behind, or whose step has its outcome, says nothing about the next one. Returns
  /// whether there was any.
  bool take_heartbeats();

  detail::trials trials;

 private:
  services& services_;
  time_room& time_;
  run_room& runs_;
  recorder& recorder_;
  commit_line& commit_;
  bodies& bodies_;
};

}}}  // namespace stet::v0::detail
