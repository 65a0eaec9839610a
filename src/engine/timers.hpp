// Which run must be looked at when: the near part of the timer index, in memory.
//
// Entries are hints: one may be for a run that has no such timer any more; whoever is woken looks
// again. Invariants: every timer of the index that is due by `loaded_until` is in
// here, or was woken; and so is every time that the index doesn't say, because the run is stalled,
// or because the clock was set since.
#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace stet { inline namespace v0 { namespace detail {

class timers {
 public:
  void add(std::int64_t due, std::uint64_t run, bool stays = false) {
    auto& kept = all_[{due, run}];
    kept |= stays;
  }
  std::optional<std::int64_t> next_due() const noexcept {
    if (all_.empty()) return std::nullopt;
    return all_.begin()->first.first;
  }
  /// The run that is due at `now`, if there is one.
  std::optional<std::uint64_t> pop_due(std::int64_t now) noexcept {
    if (all_.empty() || all_.begin()->first.first > now) return std::nullopt;
    auto run = all_.begin()->first.second;
    all_.erase(all_.begin());
    return run;
  }
  std::size_t size() const noexcept { return all_.size(); }
  bool wants_purge() const noexcept { return all_.size() > purge_above_; }
  /// Forgets what the index will say again, apart from runs that are `in_memory`.
  template <class F> void purge(F in_memory) {
    std::erase_if(all_, [&](auto& entry) {
      auto [due, run] = entry.first;
      return due > loaded_until && !entry.second && !in_memory(run);
    });
    purge_above_ = std::max(purge_above_min, 2 * all_.size());
  }

  std::int64_t loaded_until = INT64_MIN;  // INT64_MAX: all of the index is here

 private:
  static constexpr std::size_t purge_above_min = 131'072;
  std::size_t purge_above_ = purge_above_min;
  // (due, run), each once; true: no index says it.
  std::map<std::pair<std::int64_t, std::uint64_t>, bool> all_;
};

}  // namespace detail
}}  // namespace stet::v0
