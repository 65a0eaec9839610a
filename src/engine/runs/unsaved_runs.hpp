// Runs with records that the store has in blocks only, the oldest first.
#pragma once
#include <cstdint>
#include <deque>

#include "engine/runs/resident.hpp"

namespace stet { inline namespace v0 { namespace detail {

class unsaved_runs {
 public:
  struct entry {
    run_number run;
    record_lsn since;  // out of date if the run's `dirty_since` is another
  };

  /// A run has got a record with this LSN.
  void add(resident& r, record_lsn lsn) {
    if (r.dirty_since) return;
    r.dirty_since = lsn;
    all_.push_back({r.state.run, lsn});
  }
  /// Whether one has waited since this LSN or longer.
  bool has_since(record_lsn lsn) const noexcept {
    return !all_.empty() && all_.front().since <= lsn;
  }
  entry pop() noexcept {
    auto first = all_.front();
    all_.pop_front();
    return first;
  }
  void clear() noexcept { all_.clear(); }

 private:
  std::deque<entry> all_;
};

}}}  // namespace stet::v0::detail
