// Runs that were erased, but not yet in a durable commit: the store still shows them.
#pragma once
#include <cstdint>
#include <unordered_set>

#include "base/ids.hpp"

namespace stet { inline namespace v0 { namespace detail {

class erased_runs {
 public:
  void add(run_number run) { filling_.insert(run); }
  bool has(run_number run) const { return filling_.contains(run) || flying_.contains(run); }
  /// sealed(): the runs that were added are in the block on its way. committed(): that block is
  /// durable.
  void sealed() {
    flying_.merge(filling_);
    filling_.clear();
  }
  void committed() noexcept { flying_.clear(); }

 private:
  std::unordered_set<run_number> filling_, flying_;
};

}}}  // namespace stet::v0::detail
