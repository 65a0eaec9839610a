// The operator's verbs for a run: request its cancellation, terminate it, resume it, move it to
// another version of its workflow.
#pragma once
#include <string_view>

#include "engine/calls/revival.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop. Each function throws errc::not_found if there is no such run.
class control {
 public:
  control(engine_parts& e, revival& r) noexcept : e_(e), revival_(r) {}

  /// Throws errc::usage for an open entity.
  answer<void> cancel(run_ref target, std::string_view reason);
  answer<void> terminate(run_ref target, std::string_view reason);
  /// Lets a stalled run try again, or begins the retries for which a run waits.
  answer<void> resume(run_ref target);
  /// Throws errc::run_ended; errc::unknown_workflow; errc::conflict while a body refers to the
  /// run's variables; errc::rejected if the version doesn't fit the run's history.
  answer<void> move(run_ref target, std::string_view version);
  answer<v0::status> status(run_ref target);

 private:
  engine_parts& e_;
  revival& revival_;
};

}}}  // namespace stet::v0::detail
