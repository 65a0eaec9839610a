// Brings the run of a call up to date: revives it after a start, and drives the run by
// what it was sent before.
#pragma once
#include <string_view>

#include "engine/calls/engine_parts.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class revival {
 public:
  explicit revival(engine_parts& e) noexcept : e_(e) {}

  /// The last run of the chain, revived. Throws as run_finder::must_find.
  run_lease must_find_last(run_ref target);
  /// Revives the run, if that wasn't done since the start.
  void revive(resident& r);
  /// Drives a run by all its events, and returns the run that goes on for it. A run that never
  /// comes to rest is left after a number of events. Throws errc::run_stalled.
  run_lease drive_to_now(run_lease r);
  /// Throws an error with this code if the run begins later: it has no handlers yet.
  void must_have_begun(const resident& r, errc code, std::string_view what, std::string_view name);

 private:
  engine_parts& e_;
};

}}}  // namespace stet::v0::detail
