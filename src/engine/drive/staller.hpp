// Runs that can't go on, since today's code or the history doesn't fit. A stalled run stays as it
// is until a build can drive it, or until it is resumed.
#pragma once
#include <string>

#include "base/users_exception.hpp"
#include "engine/drive/code_entry.hpp"
#include "engine/drive/waiting_calls.hpp"
#include "engine/record/recorder.hpp"
#include "engine/services/failures.hpp"
#include "engine/steps/step_desk.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class staller {
 public:
  staller(services& s, time_room& t, run_room& r, recorder& rec, step_desk& d, code_entry& c,
          waiting_calls& w) noexcept
      : services_(s), time_(t), runs_(r), recorder_(rec), desk_(d), entry_(c), waiting_calls_(w) {}

  /// The reason is a copy, since it may be a text of the frame, which is destroyed here.
  void stall(resident& r, std::string reason, stall_kind kind = stall_kind::code_differs);
  /// Lets a stalled run try again. Its frame is built anew. While a body refers to the old frame,
  /// or a body of a saga's step runs, that isn't possible, and is done when the body has returned.
  /// (Until then the run stays stalled, with its reason. If the process ends before, the next start
  /// tries the run anyway.)
  void resume(resident& r);
  /// Does something for a run in a turn. An error that concerns only that run stalls it, and no
  /// other.
  template <class F> void for_run(resident& r, F f) {
    try {
      f();
    } catch (const error& e) {
      if (!is_of_one_run(e)) throw;
      hold_up(r, e.what());
    } catch (const users_exception& e) {
      hold_up(r, words_of(e.thrown()).c_str(), stall_kind::refused);
    } catch (const malformed& e) { hold_up(r, e.what()); }
  }

 private:
  void hold_up(resident& r, const char* why, stall_kind kind = stall_kind::unreadable);

  services& services_;
  time_room& time_;
  run_room& runs_;
  recorder& recorder_;
  step_desk& desk_;
  code_entry& entry_;
  waiting_calls& waiting_calls_;
};

}}}  // namespace stet::v0::detail
