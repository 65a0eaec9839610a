// Tries attempts that are suspected of bringing the process down: one of them alone at a time.
#pragma once
#include <deque>

#include "engine/bodies/attempt.hpp"
#include "engine/runs/run_room.hpp"
#include "engine/services/services.hpp"
#include "engine/time/time_room.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class trials {
 public:
  trials(services& s, time_room& t, run_room& r) : services_(s), time_(t), runs_(r) {}

  /// Decides how an attempt that is about to begin is tried. Returns false if it has to wait, since
  /// another one is tried alone.
  bool may_begin(attempt& a) noexcept;
  /// The attempt begins now.
  void begins(attempt& a) noexcept {
    if (a.order.tried == trial::alone) alone_ = &a;
  }
  /// The attempt is back: others have their turn.
  void ends(const attempt& a) noexcept {
    if (alone_ == &a) alone_ = nullptr;
  }
  /// A suspect was tried, and has brought nothing down.
  void clear(const attempt& a) noexcept;
  /// A suspect that is under way has shown that it gets on: it doesn't kill the process at once.
  void gets_on(attempt& a) noexcept;
  /// The attempt may be pending for days, or never come back. So it is tried for a moment, and
  /// suspected as long as that lasts.
  void try_for_a_moment(attempt& a);
  /// The attempts whose moment is over have come through.
  void end_moments();

 private:
  struct moment {
    engine_time ends;
    attempt* who;  // to be looked for among its run's attempts: it may be gone
    run_number run;
  };

  services& services_;
  time_room& time_;
  run_room& runs_;
  attempt* alone_ = nullptr;    // the attempt that is tried alone
  std::deque<moment> moments_;  // by `ends`
};

}}}  // namespace stet::v0::detail
