// Which run must be looked at when: the near part of the timer index, in memory.
//
// Entries are hints: one may be there twice, or for a run that has no such timer any more; whoever
// is woken looks again. Invariant: every timer of the index that is due by `loaded_until` is in
// here.
#pragma once
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
    friend bool operator>(const entry& a, const entry& b) noexcept {
      return a.due != b.due ? a.due > b.due : a.run > b.run;
    }
  };
  void add(std::int64_t due, std::uint64_t run) { heap_.push({due, run}); }
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
  /// Keeps those entries that `keep` wants.
  template <class F> void filter(F keep) {
    std::priority_queue<entry, std::vector<entry>, std::greater<>> kept;
    for (; !heap_.empty(); heap_.pop())
      if (keep(heap_.top())) kept.push(heap_.top());
    heap_ = std::move(kept);
  }

  std::int64_t loaded_until = INT64_MIN;  // INT64_MAX: all of the index is here

 private:
  std::priority_queue<entry, std::vector<entry>, std::greater<>> heap_;
};

}  // namespace detail
}}  // namespace stet::v0
