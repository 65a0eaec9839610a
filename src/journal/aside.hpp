// Records that are put aside: those of a run whose snapshot can't be read. They are put aside so
// that the journal keeps its bound, and are folded when the snapshot is back (from a copy, say). On
// disk: see docs/format.md.
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

/// Adds the records to `b`, in one value. There must be at least one.
void put_aside(batch& b, run_number run, const aside_records& records);
/// Returns the records in such a value. Throws malformed.
aside_records take_aside(std::string_view value);
/// Returns everything that was put aside, by run. A value that can't be read goes to `damaged`, as
/// a text.
std::map<run_number, aside_records> read_aside(
    store& s, const std::function<void(const std::string&)>& damaged);
/// Erases the records that were put aside for a run. Its debts stay (journal/debts.hpp).
void erase_aside(batch& b, run_number run);

/// The entries that lead to a run whose snapshot can't be read.
struct run_traces {
  std::vector<std::string> keys;                           // keys of indexes and timers
  std::optional<std::pair<std::string, v0::status>> kind;  // workflow and status
};
/// Looks through all entries of the namespace: the cost grows with their number.
run_traces traces_of(store& s, std::string_view name_space, run_number run);
/// Erases a run of which only these traces are known. The blobs of its steps stay.
void erase_unreadable(batch& b, std::string_view name_space, std::string_view id, run_number run,
                      const run_traces& traces, run_counters& counters);

}  // namespace detail
}}  // namespace stet::v0
