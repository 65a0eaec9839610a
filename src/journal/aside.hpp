// What the journal has of a run whose snapshot can't be read: put aside, so that the journal keeps
// its bound, and folded when the snapshot is back (from a copy, say). On disk: see docs/format.md.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stet/store.hpp>

#include "index/entries.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Records of one run, each with its LSN, in their order.
using aside_records = std::vector<std::pair<record_lsn, std::string>>;

/// Adds to `b`: the records, in one value. There is at least one.
void put_aside(batch& b, run_number run, const aside_records& records);
/// The records in such a value. Throws malformed.
aside_records take_aside(std::string_view value);
/// Everything that was put aside, by run. A value that can't be read goes to `damaged`, as a text.
std::map<run_number, aside_records> read_aside(
    store& s, const std::function<void(const std::string&)>& damaged);
/// The records that were put aside of a run go; what it is owed stays (journal/debts.hpp).
void erase_aside(batch& b, run_number run);

/// What the indexes say of a run whose snapshot can't be read.
struct run_traces {
  std::vector<std::string> keys;                           // of indexes and timers
  std::optional<std::pair<std::string, v0::status>> kind;  // workflow and status
};
/// Looks through all entries of the namespace: the cost follows their number.
run_traces traces_of(store& s, std::string_view name_space, run_number run);
/// Takes a run out of the store of which only that is known. What its steps kept stays.
void erase_unreadable(batch& b, std::string_view name_space, std::string_view id, run_number run,
                      const run_traces& traces, run_counters& counters);

}  // namespace detail
}}  // namespace stet::v0
