// The work that comes next: the first few of a queue, which threads take one by one without a lock.
#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "engine/bodies/work_queue.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// A ring of a few places. Work belongs to no thread until it begins, so a long body holds up only
/// itself. Both counts only rise; the places between them are taken. Takes no memory.
class work_front {
 public:
  static constexpr std::size_t room = 32;

  /// Any thread. Takes out the work that is to begin next; null if there is none here.
  ranked_work* take() noexcept {
    for (auto at = begun_.load(); at < filled_.load();) {
      // No thread writes this place until `begun_` has passed it, and then the exchange fails.
      auto* w = places_[at % room].load(std::memory_order_relaxed);
      if (!begun_.compare_exchange_weak(at, at + 1)) continue;
      w->turn_.store(at + 1, std::memory_order_relaxed);
      return w;
    }
    return nullptr;
  }
  /// Any thread: how much work has begun so far.
  std::uint64_t begun() const noexcept { return begun_.load(); }
  bool empty() const noexcept { return size() == 0; }
  std::size_t size() const noexcept {
    const auto begun = begun_.load();  // before the other: that one is never less
    return static_cast<std::size_t>(filled_.load() - begun);
  }

  /// For one thread at a time. Moves the first of a queue here, if nothing is left here: an eighth
  /// of what waits, so that the order stays nearly that of the queue, also for what comes later.
  void fill(work_queue& from) noexcept {
    if (!empty()) return;
    auto filled = filled_.load();
    for (auto n = std::clamp<std::size_t>(from.size() / 8, 1, room); n > 0 && !from.empty(); --n)
      places_[filled++ % room].store(from.pop(), std::memory_order_relaxed);
    filled_.store(filled);
  }

 private:
  std::array<std::atomic<ranked_work*>, room> places_{};
  std::atomic<std::uint64_t> begun_{0};
  std::atomic<std::uint64_t> filled_{0};
};

}}}  // namespace stet::v0::detail
