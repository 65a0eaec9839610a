// Which runs may pass a filter, from the indexes: the latest first, and the fewer the better.
//
// A plan is a *superset*: whoever asks looks at each run, unless it is `exact`. It knows what
// the store holds; what is newer than that is in memory, and its owner's business.
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

/// Runs, by falling number.
class run_stream {
 public:
  virtual ~run_stream() = default;
  /// Does some of the work that must be done before the first run is known. False: there is more.
  virtual bool prepare() { return true; }
  /// Whether all of them pass. Known when it is prepared.
  virtual bool exact() const noexcept { return true; }
  /// The highest run at or below `run`, which falls from call to call. 0: none.
  virtual run_number at_or_below(run_number run) = 0;
};

/// `kinds`: the workflows and states that there are. Of a range that has more than `sort_max` runs,
/// all runs are looked at, the latest first: so many of them pass that a page is full soon.
std::unique_ptr<run_stream> plan_for(const filter& f, store& s, std::string_view name_space,
                                     const run_counters& kinds, std::size_t sort_max);

}  // namespace detail
}}  // namespace stet::v0
