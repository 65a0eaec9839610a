// Drives runs: an event is recorded, the coroutine handles it, and the commands that it emits are
// recorded and carried out.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/drive/births.hpp"
#include "engine/drive/ending.hpp"
#include "engine/drive/frame_maker.hpp"
#include "engine/drive/outgoing.hpp"
#include "engine/drive/successor.hpp"
#include "engine/drive/waiting_calls.hpp"
#include "engine/record/recorder.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop. A drive never drives another run: it only records events for other
/// runs, which are driven in a turn.
class driver {
 public:
  driver(services& s, journal& j, time_room& t, run_room& r, recorder& rec, commit_line& c,
         step_desk& d, run_host& h, code_entry& entry, waiting_calls& w, staller& st,
         frame_maker& f, births& b, successor& next, outgoing& m, ending& e) noexcept;

  /// Records an event, and drives the run by it if that is possible now. `writes`: the user's
  /// entries that are committed with it. `payload`, if given, is what the event's payload refers
  /// to: it may be moved to the code that gets it. Throws a users_exception if the event can't be
  /// sealed: then nothing has happened, and the payload is as it was.
  void take_event(resident& r, record e, sealed_writes writes = {}, std::string* payload = nullptr);
  /// The same for an event that has to be recorded for the engine's own reasons: see
  /// recorder::surely.
  void take_event_surely(resident& r, record e);
  /// Whether the run has an undriven event, and may be driven by it now.
  bool may_drive(const resident& r) const noexcept;
  /// Drives the run by its oldest undriven event.
  void drive_next(resident& r) { drive(r, nullptr, {}); }
  /// Drives the run by the events that it has now, and not by those that they bring: a message of
  /// the run to itself waits for another turn, like messages to other runs.
  void drive_what_is_there(resident& r);
  /// Makes a new run (see births::create), and drives it at once, unless it begins later or is
  /// suspected.
  run_lease create_and_drive(record start);

 private:
  void drive(resident& r, record* event, sealed_writes writes, std::string* payload = nullptr);
  bool deliver(resident& r, const record* event, const record& by, std::string* payload);
  bool check_determinism(resident& r, const record* event);
  bool seal_commands(resident& r, const payload_owner& of);
  void keep_undriven(resident& r, std::string_view event, sealed_writes writes);
  void after_drive(resident& r);
  void set_going(resident& r, const intent& i);

  services& services_;
  journal& journal_;
  time_room& time_;
  run_room& runs_;
  recorder& recorder_;
  commit_line& commit_;
  step_desk& desk_;
  run_host& host_;
  code_entry& entry_;
  waiting_calls& waiting_calls_;
  staller& staller_;
  frame_maker& frames_;
  births& births_;
  successor& successor_;
  outgoing& outgoing_;
  ending& ending_;
  drive_output out_;    // of the drive that is under way
  std::string plain_;   // its event as a record, before it is sealed
  std::string sealed_;  // its records
  std::uint64_t events_since_check_ = 0;
};

}}}  // namespace stet::v0::detail
