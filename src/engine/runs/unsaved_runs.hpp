// Runs with records that the store has only in blocks, in the order of their first such record.
#pragma once
#include <cstdint>
#include <deque>

#include "engine/runs/resident.hpp"

namespace stet { inline namespace v0 { namespace detail {

class unsaved_runs {
 public:
  struct entry {
    run_number run;
    record_lsn since;  // out of date if the run's `dirty_since` differs
  };

  /// The run gets a record with this LSN.
  void add(resident& r, record_lsn lsn) {
    if (r.dirty_since) return;
    r.dirty_since = lsn;
    all_.push_back({r.state.run, lsn});
  }
  /// Whether a run has such records since this LSN or longer.
  bool has_since(record_lsn lsn) const noexcept {
    return !all_.empty() && all_.front().since <= lsn;
  }
  entry pop() noexcept {
    auto first = all_.front();
    all_.pop_front();
    return first;
  }
  void clear() noexcept { all_.clear(); }
  /// Among these are all runs that have such records.
  const std::deque<entry>& all() const noexcept { return all_; }

 private:
  std::deque<entry> all_;
};

}}}  // namespace stet::v0::detail
