// Runs that a call is about are brought up to now: what a crash cut short is done, and what was
// sent before is seen.
#pragma once
#include <string_view>

#include "engine/calls/engine_parts.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class revival {
 public:
  explicit revival(engine_parts& e) noexcept : e_(e) {}

  /// The run that goes on for this one, resumed. Throws as run_finder::must_find.
  run_lease must_find_last(run_ref of);
  /// If it was not resumed since the start, it is now.
  void resume(resident& r);
  /// The run that goes on for this one; if it hasn't ended, its coroutine has seen everything. A
  /// run that never comes to rest is left where it is by then. Throws errc::run_stalled.
  run_lease drive_to_now(run_lease r);
  /// Throws an error with this code if the run begins later: no handler is there yet.
  void must_have_begun(const resident& r, errc code, std::string_view what, std::string_view name);

 private:
  engine_parts& e_;
};

}}}  // namespace stet::v0::detail
