// Which run must be looked at when: the near part of the timer index, in memory.
//
// Entries are hints: one may be there twice, or for a run that has no such timer any more; whoever
// is woken looks again. Invariants: every timer of the index that is due by `loaded_until` is in
// here, or was woken; and so is every time that the index doesn't say, because the run is stalled,
// or because the clock was set since.
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

namespace stet { inline namespace v0 { namespace detail {

class timers {
 public:
  struct entry {
    std::int64_t due;
    std::uint64_t run;
    bool stays;  // no index says it
    friend bool operator>(const entry& a, const entry& b) noexcept {
      return a.due != b.due ? a.due > b.due : a.run > b.run;
    }
  };
  void add(std::int64_t due, std::uint64_t run, bool stays = false) {
    heap_.push({due, run, stays});
  }
  std::optional<std::int64_t> next_due() const noexcept {
    if (heap_.empty()) return std::nullopt;
    return heap_.top().due;
  }
  /// The run that is due at `now`, if there is one.
  std::optional<std::uint64_t> pop_due(std::int64_t now) {
    if (heap_.empty() || heap_.top().due > now) return std::nullopt;
    auto e = heap_.top();
    while (!heap_.empty() && heap_.top().due == e.due && heap_.top().run == e.run) heap_.pop();
    return e.run;
  }
  std::size_t size() const noexcept { return heap_.size(); }
  bool wants_purge() const noexcept { return heap_.size() > purge_above_; }
  /// Forgets what the index will say again, apart from runs that are `in_memory`.
  template <class F> void purge(F in_memory) {
    std::priority_queue<entry, std::vector<entry>, std::greater<>> kept;
    for (; !heap_.empty(); heap_.pop()) {
      auto& e = heap_.top();
      if (e.due <= loaded_until || e.stays || in_memory(e.run)) kept.push(e);
    }
    heap_ = std::move(kept);
    purge_above_ = std::max(purge_above_min, 2 * heap_.size());
  }

  std::int64_t loaded_until = INT64_MIN;  // INT64_MAX: all of the index is here

 private:
  static constexpr std::size_t purge_above_min = 131'072;
  std::size_t purge_above_ = purge_above_min;
  std::priority_queue<entry, std::vector<entry>, std::greater<>> heap_;
};

}  // namespace detail
}}  // namespace stet::v0
