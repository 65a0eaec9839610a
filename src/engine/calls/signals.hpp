// Signals that are sent to a run from outside, and the answers to its promises.
#pragma once
#include <string_view>

#include "engine/calls/revival.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Throws errc::usage if the key of a request is too long. `what` names the request.
void check_key(std::string_view what, std::string_view key);
void check(const signal_request& q);
/// The event of a signal. It refers to the request's bytes.
record event_of(const signal_request& q);
/// The error for a run that takes nothing any more.
error has_ended(const run_state& s);

/// Thread: the engine's loop.
class signals {
 public:
  signals(engine_parts& e, revival& r) noexcept : e_(e), revival_(r) {}

  /// Throws errc::not_found, errc::run_ended, errc::usage, errc::payload.
  answer<void> send(run_ref target, const signal_request& q);
  /// Resolves or rejects a promise. The value is false if the promise was resolved before, or if
  /// its run has gone on without it. Throws errc::not_found for a token that was never given.
  answer<bool> answer_promise(std::string_view promise, std::string_view token,
                              std::string_view payload, const failure* rejected);

 private:
  bool is_known(resident& r, std::string_view key);
  run_lease run_of_token(std::string_view promise, std::string_view token, command_number& command);

  engine_parts& e_;
  revival& revival_;
};

}}}  // namespace stet::v0::detail
