// The run that a caller means: by its number, by its id, or the one that goes on for it.
//
// Runs that continue each other are a chain. Retention takes the earlier ones while a later one is
// open (engine/calls/sweeper.cpp), so nothing here needs them: a chain is found by its id, since an
// id has one chain at a time and run numbers rise.
#pragma once
#include <stet/engine.hpp>

#include "engine/runs/lease.hpp"
#include "engine/runs/run_table.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop. What reads a run throws unreadable_run if its snapshot can't be read.
class run_finder {
 public:
  explicit run_finder(run_table& t) noexcept : table_(t) {}

  /// The run of a handle, or the latest of an id (run 0). Throws errc::not_found.
  run_lease must_find(run_ref of);
  /// The run itself, or if it has been erased the last one of its chain. Throws as must_find.
  run_lease must_find_or_follow(run_ref of);
  /// The run that goes on for this one: itself, unless it was continued (or all after it has been
  /// erased).
  run_lease last_of_chain(run_lease r);
  /// The same, of a run that may have been erased, or of the latest run of an id (run 0). Throws as
  /// must_find.
  run_lease last_of_chain(run_ref of);
  /// The last run of the chain that has this run (its number), which may be there no longer. Empty
  /// if nothing of the chain is there.
  run_lease chain_of(run_ref of);

 private:
  run_table& table_;
};

}}}  // namespace stet::v0::detail
