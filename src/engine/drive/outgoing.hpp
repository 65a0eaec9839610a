// Carries out what a run asks of others while it is driven: children, signals, updates and requests
// to end. All of that stays in one store, so a message and its sender's progress are one commit.
#pragma once
#include "engine/drive/births.hpp"
#include "engine/drive/calling_runs.hpp"
#include "engine/drive/ending.hpp"
#include "engine/drive/entities.hpp"
#include "engine/record/recorder.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop. If a request can't be carried out, the run that asked gets that as an
/// event.
class outgoing {
 public:
  outgoing(services& s, journal& j, run_room& r, recorder& rec, entities& e, births& b,
           calling_runs& k, ending& end) noexcept
      : services_(s),
        journal_(j),
        runs_(r),
        recorder_(rec),
        entities_(e),
        births_(b),
        calling_runs_(k),
        ending_(end) {}

  /// Starts a child, with this run number.
  void start_child(resident& parent, request& q, run_number run);
  /// Sends a signal, a request to end, or an update that is answered later.
  void send(resident& sender, request& q);

 private:
  run_lease addressee(const resident& sender, const request& q);
  void deliver(resident& sender, request& q);

  services& services_;
  journal& journal_;
  run_room& runs_;
  recorder& recorder_;
  entities& entities_;
  births& births_;
  calling_runs& calling_runs_;
  ending& ending_;
};

}}}  // namespace stet::v0::detail
