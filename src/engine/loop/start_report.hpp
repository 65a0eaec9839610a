// The reports that a start makes to the listener of runs that are held up: a deploy that stalls
// runs is not silent.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "engine/calls/engine_parts.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// The open runs of a workflow, of all namespaces.
struct open_runs_of {
  std::int64_t running = 0;
  std::int64_t stalled = 0;
};

/// Counts the open runs by the counters of the store, and by the runs in memory that have changed
/// since.
std::map<std::string, open_runs_of> count_open_runs(const run_room& runs);

/// Reports how many open runs belong to workflows that this program doesn't define, and how many
/// are stalled, by workflow. Puts the former on the agenda, also those that sleep: they are stalled
/// in a turn, so that their status says so. Costs nothing for workflows that are defined.
/// Thread: the engine's loop, before it turns.
void report_held_up(engine_parts& e);

}}}  // namespace stet::v0::detail
