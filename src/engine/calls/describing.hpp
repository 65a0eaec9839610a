// Describes a run: its state, its history, and its history as a file.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/calls/engine_parts.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop. Changes nothing.
class describing {
 public:
  explicit describing(engine_parts& e) noexcept : e_(e) {}

  /// The latest run of an id; empty if there is none.
  answer<std::optional<run_info>> describe(run_ref target);
  /// Waits until the run has other records than the call knows, has ended, or isn't the latest of
  /// its id any more. Returns nothing if the run keeps the call.
  std::optional<record_lsn> await_change(change_call& c);
  answer<std::vector<history_entry>> history(run_ref target);
  /// A history in the format of a history file: see <stet/history_file.hpp>. Payloads stay sealed.
  answer<std::string> export_history(run_ref target);

 private:
  time_point shown_on_wall(engine_time t) noexcept;
  run_info info_of(resident& r);
  /// By command: the arguments of steps.
  using step_arguments = std::map<command_number, std::string>;
  pending_info info_of(resident& r, const pending& p, const step_arguments& long_ones);
  step_arguments arguments_in_history(resident& r);
  void add_cancellation(resident& r, run_info& info);
  static step_phase phase_of(const pending& p, const attempt* a) noexcept;
  history_entry entry_of(const resident& r, record rec, std::uint64_t number, engine_time event);

  engine_parts& e_;
};

}}}  // namespace stet::v0::detail
