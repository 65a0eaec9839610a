// Runs that are to be driven in a turn, in the order in which they became ready.
#pragma once
#include <cstdint>
#include <deque>

#include "engine/runs/resident.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Every part adds runs; only the turn takes them.
class agenda {
 public:
  /// Does nothing if the run is on the agenda already.
  void add(resident& r) {
    if (r.queued) return;
    r.queued = true;
    ready_.push_back(r.state.run);
  }
  /// Adds a run that isn't in memory.
  void add(run_number run) { ready_.push_back(run); }
  /// Takes the first run. The agenda must not be empty.
  run_number take() noexcept {
    auto run = ready_.front();
    ready_.pop_front();
    return run;
  }
  std::size_t size() const noexcept { return ready_.size(); }
  bool empty() const noexcept { return ready_.empty(); }

 private:
  std::deque<run_number> ready_;
};

}}}  // namespace stet::v0::detail
