// Plans for filters: the indexes say which runs may pass a filter. The latest run comes first, and
// the fewer runs, the better.
//
// A plan gives a *superset* of the runs that pass: unless it is `exact`, its caller must look at
// each run. It knows what the store holds; the owner of newer states in memory must look at those
// itself.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <stet/store.hpp>

#include "index/entries.hpp"
#include "index/filter.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Runs, the highest number first.
class run_stream {
 public:
  virtual ~run_stream() = default;
  /// Does some of the work that comes before the first run. Returns false if more such work is
  /// left.
  virtual bool prepare() { return true; }
  /// Returns true if all of the runs pass. Known when prepare() has returned true.
  virtual bool exact() const noexcept { return true; }
  /// Returns the highest run at or below `run`, or no_run. `run` falls from call to call.
  virtual run_number at_or_below(run_number run) = 0;
};

/// `kinds` has the workflows and states that exist. If a range has more than `sort_max` runs, the
/// plan gives all runs, the latest first: enough of them pass to fill a page soon.
std::unique_ptr<run_stream> plan_for(const filter& f, store& s, std::string_view name_space,
                                     const run_counters& kinds, std::size_t sort_max);

}  // namespace detail
}}  // namespace stet::v0
