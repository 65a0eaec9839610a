// The run that continues another one. It begins before the other one ends, in the same commit, and
// takes over everything that the other was sent and has not seen.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/drive/births.hpp"
#include "engine/drive/waiting_calls.hpp"
#include "engine/record/recorder.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class successor {
 public:
  successor(services& s, journal& j, time_room& t, run_room& r, recorder& rec, code_entry& d,
            births& b) noexcept
      : services_(s), journal_(j), time_(t), runs_(r), recorder_(rec), entry_(d), births_(b) {}

  /// Begins the run that continues this one, if the drive asked for one. `driven`: the sealed
  /// records of the drive, which aren't recorded yet. Returns false if something can't be sealed,
  /// or if an event that goes over can't be opened now: then nothing has happened, and the frame
  /// says why.
  bool begin(resident& r, std::string_view driven);

 private:
  void continue_run(resident& r, const run_state& s);
  std::vector<std::string> hand_over(resident& r, std::string_view id, resident& next);

  services& services_;
  journal& journal_;
  time_room& time_;
  run_room& runs_;
  recorder& recorder_;
  code_entry& entry_;
  births& births_;
};

}}}  // namespace stet::v0::detail
