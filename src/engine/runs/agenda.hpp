// Runs that are to be driven in a turn, in the order in which they became ready.
#pragma once
#include <cstdint>
#include <deque>

#include "engine/runs/resident.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Everybody adds; only the turn takes.
class agenda {
 public:
  /// Once more changes nothing, while it waits.
  void add(resident& r) {
    if (r.queued) return;
    r.queued = true;
    ready_.push_back(r.state.run);
  }
  /// A run that isn't in memory.
  void add(run_number run) { ready_.push_back(run); }
  /// The first. There is one.
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
