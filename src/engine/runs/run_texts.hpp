// Opens the payloads of a run's state to show them to people and programs. The state itself has
// them as they are stored.
#pragma once
#include <string>
#include <string_view>
#include <utility>

#include <stet/error.hpp>

#include "engine/runs/resident.hpp"
#include "engine/services/services.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class run_texts {
 public:
  explicit run_texts(services& s) noexcept : services_(s) {}

  /// The reason of a run that has ended or is stalled.
  std::string outcome(const run_state& s) const;
  /// The result of a completed run. Throws errc::payload.
  std::string result(const run_state& s) const;
  /// The failure of a failed run. Throws errc::payload.
  failure failure_of(const run_state& s) const;
  /// The error for a caller that needs a stalled run to go on.
  error stalled_error(const run_state& s) const;
  /// The memo is a payload: if it can't be opened, a text says why.
  std::pair<std::string, std::string> memo_and_details(const run_state& s) const;
  /// The arguments of a step, from its run's state or history.
  std::string arguments(const run_state& s, command_number command, std::string_view stored) const;
  /// The error text of the attempt that failed last.
  std::string last_error(const run_state& s, const pending& p) const;
  /// The progress that the latest heartbeat of a step reported. If it can't be opened, that is
  /// reported, and the body begins as if there had been no heartbeat.
  std::string progress(const run_state& s, const pending& p) const;

 private:
  std::string text(const run_state& s, std::string_view stored, record_kind k, payload_field f,
                   command_number command = no_command) const;

  services& services_;
};

}}}  // namespace stet::v0::detail
