// What people and programs are told of a run: payloads of its state, opened. The state itself has
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

  /// Why the run has ended, or is stalled.
  std::string outcome(const run_state& s) const;
  /// What a completed run has returned. Throws errc::payload.
  std::string result(const run_state& s) const;
  /// How a failed run has failed. Throws errc::payload.
  failure failure_of(const run_state& s) const;
  /// The error for a caller that needs the run to go on.
  error stalled_error(const run_state& s) const;
  /// The memo is a payload: if it can't be opened, it is a text that says why.
  std::pair<std::string, std::string> memo_and_details(const run_state& s) const;
  /// The arguments of a step, which stand in its run's state or history.
  std::string arguments(const run_state& s, command_number command, std::string_view stored) const;
  /// What the attempt of a step that failed last has said.
  std::string last_error(const run_state& s, const pending& p) const;
  /// What the latest heartbeat of a step said. If it can't be opened, that is reported, and the
  /// body begins as if there had been none.
  std::string progress(const run_state& s, const pending& p) const;

 private:
  std::string text(const run_state& s, std::string_view stored, record_kind k, payload_field f,
                   command_number command = no_command) const;

  services& services_;
};

}}}  // namespace stet::v0::detail
