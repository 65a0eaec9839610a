// Attempts that have come back from threads, until the loop takes them.
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <utility>

#include "base/thread_number.hpp"
#include "engine/bodies/attempt.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// A few stacks, each in a cache line of its own. A thread always uses the same one, so that
/// threads that run short bodies don't take one line from each other. Takes no memory.
class returned_lists {
 public:
  /// Any thread. The loop may take the attempt, and destroy it, before this returns.
  void push(attempt& a) noexcept {
    auto& first = lists_[thread_number() % count].first;
    auto* before = first.load(std::memory_order_relaxed);
    do a.next_in_row = before;
    while (!first.compare_exchange_weak(before, &a));
  }
  /// Any thread.
  bool empty() const noexcept {
    for (auto& l : lists_)
      if (l.first.load()) return false;
    return true;
  }
  /// For the loop: takes all, and calls `f` for each. Of one thread the latest comes first.
  template <class F> void take(F f) noexcept {
    for (auto& l : lists_) {
      if (!l.first.load()) continue;
      for (auto* a = l.first.exchange(nullptr); a;) f(*std::exchange(a, a->next_in_row));
    }
  }

 private:
  static constexpr std::size_t count = 8;
  struct list {
    std::atomic<attempt*> first{nullptr};
    char apart[64 - sizeof(std::atomic<attempt*>)] = {};  // from the next list: a cache line
  };
  std::array<list, count> lists_;
};

}}}  // namespace stet::v0::detail
