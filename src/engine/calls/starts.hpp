// Starts runs for calls from outside.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/calls/engine_parts.hpp"
#include "engine/calls/signals.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class starts {
 public:
  starts(engine_parts& e, signals& s) noexcept : e_(e), signals_(s) {}

  /// Starts all runs in one commit, or none: if one is refused or can't be sealed, those before it
  /// are taken back. After that the runs that they replace are terminated, and the new ones are
  /// driven. `first_signal`: the only run of the request gets it with its start.
  answer<std::vector<start_result>> start(std::string_view name_space, std::string_view workflow,
                                          std::span<const start_request> requests,
                                          const signal_request* first_signal = nullptr);
  /// Finds the run of an id, or of a handle. Throws errc::conflict if it is a run of another
  /// workflow.
  answer<std::optional<start_result>> find(std::string_view workflow, run_ref target);
  /// Throws errc::usage, errc::unknown_workflow, errc::payload.
  void check(std::string_view workflow, const start_request& q) const;

 private:
  /// The run that has the id of a run that is to be started.
  struct taken_id {
    std::optional<start_result> used;  // the caller gets this run, and none is started
    run_lease replaced;                // it is open, and is terminated when the new run is recorded
    run_number latest;                 // the latest run of the id; 0 if there is none
    record_lsn lsn{};                  // the LSN on which the decision depends
  };
  /// A run that is recorded, and may still be taken back.
  struct begun_run {
    run_lease run, replaced;
    run_number before;  // the latest run of its id until then; 0 if none
  };
  taken_id find_taken(std::string_view name_space, std::string_view workflow,
                      const start_request& q);
  void must_have_same_arguments(resident& r, const start_request& q);
  record first_record(std::string_view name_space, std::string_view workflow,
                      const start_request& q);
  void must_fit(const struct journal::place& here, std::string_view workflow) const;
  void take_back(std::vector<begun_run>& begun, const struct journal::place& here);
  record_lsn go_on(std::vector<begun_run>& begun);

  engine_parts& e_;
  signals& signals_;
};

}}}  // namespace stet::v0::detail
