// The mark of a store that has ended before it is closed: after a failure its content is unknown.
#pragma once
#include <atomic>
#include <string>
#include <utility>

#include "checks.hpp"

namespace stet { inline namespace v0 { namespace backend {

/// Thread: the committing thread alone sets it; any thread may ask.
class poison {
 public:
  /// `why` is the error that every call reports from now on. The first one stays.
  void set(std::string why) {
    if (is_set()) return;
    why_ = std::move(why);
    is_set_.store(true, std::memory_order_release);
  }
  bool is_set() const noexcept { return is_set_.load(std::memory_order_acquire); }
  /// Throws if it is set.
  void check(const store_info& s, std::string_view what) const {
    if (is_set()) fail_poisoned(s, what, why_);
  }

 private:
  std::atomic<bool> is_set_{false};
  std::string why_;  // written before is_set_
};

}  // namespace backend
}  // namespace v0
}  // namespace stet
