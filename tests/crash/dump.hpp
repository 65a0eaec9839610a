// The contents of a store between two lives, read by code that isn't the engine's.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <stet/stet.hpp>  // before the internal headers, whose encode() would hide the public one

#include "history/record.hpp"
#include "journal/journal.hpp"
#include "run_state/run_state.hpp"

namespace stet_crash {

struct stored_run {
  stet::detail::run_state state;  // from snapshot and journal
  std::string history;            // all its records
  bool in_snapshot = false;
  // As the snapshot says.
  stet::detail::engine_time indexed_wake = stet::detail::run_state::no_wake;
};

struct dump {
  stet::detail::marks marks;
  std::map<stet::detail::run_number, stored_run> runs;
  std::set<std::pair<stet::detail::engine_time, stet::detail::run_number>> timers;
  std::map<stet::detail::run_number, std::string> ids;  // the index of ids: run, id
  std::size_t blocks = 0;
  std::vector<std::string> faults;  // contradictions found while reading

  const stored_run* find(std::string_view id) const;
};

/// Reads a store. `faults` lists everything that is incomplete or contradictory.
dump read_dump(stet::store& s);

/// The records of a history, in order.
std::vector<stet::detail::record> history_records(const stored_run& r);
/// A step's idempotency key, as its body sees it.
std::string key_of(const stored_run& r, stet::detail::command_number command);

}  // namespace stet_crash
