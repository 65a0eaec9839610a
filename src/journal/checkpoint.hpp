// The part of a checkpoint for one run: writes its snapshot and history, and reads them again.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <stet/store.hpp>

#include "index/entries.hpp"
#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Adds to `b`: the run's snapshot, the chunk of history `records` that begins with record number
/// `first_record`, and the differences of its index entries. `s` is the fold of everything up to
/// the last of these records.
void add_checkpoint(batch& b, run_state& s, std::string_view records, std::uint64_t first_record,
                    run_counters& counters);
/// Erases all that checkpoints have written for a run.
void erase_checkpoints(batch& b, const run_state& s, run_counters& counters);

/// Reads the snapshot of a run as it is, for lists. Throws malformed.
std::optional<run_state> read_snapshot(store& s, run_number run);
/// The same, for a caller that goes on with the run. Throws malformed also if the snapshot is older
/// than the run's history: if an old copy was put back, the run would repeat what it has done.
std::optional<run_state> read_latest_snapshot(store& s, run_number run);
/// Reads the checkpointed history of a run: `count` records. Throws malformed if any is missing or
/// damaged.
std::string read_history(store& s, run_number run, std::uint64_t count);
/// Returns the latest checkpointed run of an id whose number is below `below`.
std::optional<run_number> read_latest_run(store& s, std::string_view name_space,
                                          std::string_view id,
                                          run_number below = run_number::max());

}  // namespace detail
}}  // namespace stet::v0
