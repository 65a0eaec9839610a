// The gate before a body begins. It opens when everything is durable that the run had observed and
// emitted when it emitted the step. Events that the run gets later don't delay the body.
#pragma once
#include "engine/commit/commit_line.hpp"
#include "engine/drive/frame_maker.hpp"
#include "engine/drive/staller.hpp"
#include "engine/steps/step_desk.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class gatekeeper {
 public:
  gatekeeper(journal& j, services& s, time_room& t, run_room& r, commit_line& c, bodies& b,
             step_desk& d, staller& st, frame_maker& f) noexcept
      : journal_(j),
        services_(s),
        time_(t),
        runs_(r),
        commit_(c),
        bodies_(b),
        desk_(d),
        staller_(st),
        frames_(f) {}

  /// Submits the attempts that may begin. Returns whether any of them began, or came back.
  bool open();

 private:
  void start_attempt(attempt& a, resident& r);
  void arm(attempt& a, const pending& p);
  void arm_held(attempt& a);

  journal& journal_;
  services& services_;
  time_room& time_;
  run_room& runs_;
  commit_line& commit_;
  bodies& bodies_;
  step_desk& desk_;
  staller& staller_;
  frame_maker& frames_;
};

}}}  // namespace stet::v0::detail
