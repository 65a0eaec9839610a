// Finds the run that a caller means: by its number, by its id, or as the last run of a chain.
//
// Runs that continue each other are a chain. Retention may erase the earlier ones while a later one
// is open (engine/calls/sweeper.cpp), so nothing here needs them. A chain is found by its id, since
// an id has one open chain at a time, and run numbers rise.
#pragma once
#include <stet/engine.hpp>

#include "engine/runs/lease.hpp"
#include "engine/runs/run_table.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop. A function that reads a run throws unreadable_run if the run's
/// snapshot can't be read.
class run_finder {
 public:
  explicit run_finder(run_table& t) noexcept : table_(t) {}

  /// The run of a handle, or the latest run of an id (if the run number is 0). Throws
  /// errc::not_found.
  run_lease must_find(run_ref target);
  /// The run itself, or if it was erased the last run of its chain. Throws as must_find.
  run_lease must_find_or_follow(run_ref target);
  /// The last run of the chain that follows this run: the run itself if it wasn't continued, or if
  /// all later ones were erased.
  run_lease last_of_chain(run_lease r);
  /// The same for a run that may have been erased, or for the latest run of an id (run number 0).
  /// Throws as must_find.
  run_lease last_of_chain(run_ref target);
  /// The last run of the chain that has the run with this number, which may be erased. Empty if no
  /// run of the chain exists.
  run_lease chain_of(run_ref target);

 private:
  run_table& table_;
};

}}}  // namespace stet::v0::detail
