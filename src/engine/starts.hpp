// Runs that are started by a call from outside: see engine_core::start_runs.
#pragma once
#include <cstdint>
#include <optional>

#include <stet/engine.hpp>

#include "engine/lease.hpp"
#include "history/record.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// What has the id of a run that is to be started.
struct taken_id {
  std::optional<start_result> used;  // that run is the caller's: none is started
  run_lease replaced;                // it is open, and is terminated when the new one is recorded
  std::uint64_t latest = 0;          // the latest run of the id; 0: there is none
};
/// A run that is recorded, and may be taken back.
struct begun_run {
  run_lease run, replaced;
  std::uint64_t before = 0;  // the latest run of its id until then; 0: none
};

/// Of what the request has, which stays where it is.
record event_of(const signal_request& q);

}  // namespace detail
}}  // namespace stet::v0
