// The gate before a body begins. It opens when everything is durable that the run had observed and
// emitted when it emitted the step. Events that the run gets later don't delay the body.
#pragma once
#include <cstddef>

#include "engine/commit/commit_line.hpp"
#include "engine/drive/frame_maker.hpp"
#include "engine/drive/staller.hpp"
#include "engine/steps/step_desk.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class gatekeeper {
 public:
  gatekeeper(journal& j, time_room& t, run_room& r, commit_line& c, bodies& b, step_desk& d,
             staller& st, frame_maker& f) noexcept
      : journal_(j),
        time_(t),
        runs_(r),
        commit_(c),
        bodies_(b),
        desk_(d),
        staller_(st),
        frames_(f) {}

  /// How many bodies that run on this thread begin before their results are taken: so few that the
  /// memory of their runs is still in the processor's cache then.
  static constexpr std::size_t at_once_here = 32;

  /// Looks once at each attempt that is in the gate, and lets those begin that may: first those
  /// for threads, all as one chain, and then those that run here, some at a time. `take_returned`
  /// is called after each of these groups. Returns whether any attempt began, or came back.
  template <class F> bool open(F take_returned) {
    if (!may_open()) return false;
    desk_.trials.end_moments();
    bool any = open_for_threads();
    for (group g{0, bodies_.gate.size()}; g.left > 0 && may_open();) {
      if (!open_here(g)) continue;
      any = true;
      take_returned();
    }
    return any;
  }
  bool open() {
    return open([] {});
  }

 private:
  /// A part of the gate: `left` attempts that haven't been looked at, from `at` on.
  struct group {
    std::size_t at, left;
  };
  bool may_open() const noexcept;
  bool runs_here(const attempt& a) const noexcept;
  bool open_for_threads();
  bool open_here(group& g);
  void decide(attempt& a);
  void start_attempt(attempt& a, resident& r);
  void arm(attempt& a, const pending& p);
  void arm_held(attempt& a);

  journal& journal_;
  time_room& time_;
  run_room& runs_;
  commit_line& commit_;
  bodies& bodies_;
  step_desk& desk_;
  staller& staller_;
  frame_maker& frames_;
};

}}}  // namespace stet::v0::detail
