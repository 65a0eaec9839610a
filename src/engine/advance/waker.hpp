// Wakes runs whose timers are due, drives the runs on the agenda, and revives runs after a start.
#pragma once
#include <cstdint>

#include "engine/advance/timeouts_and_retries.hpp"
#include "engine/drive/debt_payer.hpp"
#include "engine/drive/driver.hpp"
#include "engine/drive/ending.hpp"
#include "engine/drive/staller.hpp"
#include "engine/steps/step_desk.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class waker {
 public:
  waker(services& s, time_room& t, run_room& r, commit_line& c, step_desk& d, staller& st,
        frame_maker& f, driver& dr, ending& e, debt_payer& p, timeouts_and_retries& re) noexcept
      : services_(s),
        time_(t),
        runs_(r),
        commit_(c),
        desk_(d),
        staller_(st),
        frames_(f),
        driver_(dr),
        ending_(e),
        payer_(p),
        timeouts_and_retries_(re) {}

  /// Wakes the runs that are due. Returns whether there were any.
  bool fire_timers();
  /// Loads the next part of the timer index.
  void load_timers();
  /// Adds the times for which the run waits to the timers, and puts the run on the agenda if it is
  /// ready.
  void schedule(resident& r);
  /// The run comes into memory for the first time: resumes what a crash or a close has cut short.
  void revive(resident& r);
  /// Begins the next attempt of each step that waits for its retry, before its time.
  void retry_now(resident& r);
  /// Drives the runs that are ready when this is called. A run that becomes ready meanwhile waits
  /// for the next turn. `is_over` is asked before each run; if it returns true no more runs are
  /// driven. Returns whether any run was driven.
  template <class F> bool drive_ready(F is_over) {
    bool any = false;
    for (auto left = runs_.agenda.size(); left > 0 && !commit_.is_refused() && !is_over(); --left)
      any |= drive_one(runs_.agenda.take());
    return any;
  }

 private:
  bool drive_one(run_number run);
  void wake(resident& r, timer_owner what);
  void wake(resident& r);
  void wake_pending(resident& r, command_number command);
  void wake_attempts(resident& r);
  void resume_pending(resident& r);
  void resume_step(resident& r, command_number command);

  services& services_;
  time_room& time_;
  run_room& runs_;
  commit_line& commit_;
  step_desk& desk_;
  staller& staller_;
  frame_maker& frames_;
  driver& driver_;
  ending& ending_;
  debt_payer& payer_;
  timeouts_and_retries& timeouts_and_retries_;
};

}}}  // namespace stet::v0::detail
