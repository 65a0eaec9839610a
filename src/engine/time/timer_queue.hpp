// Which run must be checked at which time: the near part of the timer index, in memory.
//
// Entries are hints: the run may have no such timer any more, so the code that wakes it checks
// again. Invariants: every timer of the index that is due by `loaded_until` is in here, or has
// fired. So is every time that the index doesn't have, because the run is stalled or the clock was
// set since.
#pragma once
#include <map>
#include <optional>
#include <utility>

#include "base/engine_time.hpp"
#include "engine/time/due_times.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class timer_queue {
 public:
  timer_queue(const engine_clock& c, const due_times& d) noexcept : clock_(c), due_(d) {}

  /// `stays`: no index has this time, so a purge must not forget it.
  void add(engine_time due, run_number run, bool stays = false) {
    auto& kept = all_[{due, run}];
    kept |= stays;
  }
  /// Adds the time at which a delayed run begins, and the run's deadline.
  void add_ends(const run_state& s);
  /// Adds all times that an open run waits for.
  void add_all(const run_state& s);
  /// Adds the first time of a run that is still to come. A time that is over would wake a stalled
  /// run again and again, though nothing can be done about it. One entry replaces the one that was
  /// taken, so there are never more of them.
  void look_again(const run_state& s);

  std::size_t size() const noexcept { return all_.size(); }
  std::optional<engine_time> next_due() const noexcept {
    if (all_.empty()) return std::nullopt;
    return all_.begin()->first.first;
  }
  /// The next time in here, or up to which the index was loaded; never if there is none.
  engine_time next_time() const noexcept;
  /// Takes the run that is due at `now`, if there is one.
  std::optional<run_number> pop_due(engine_time now) noexcept;

  bool has_whole_index() const noexcept { return loaded_until_ == engine_time::never(); }
  /// Whether the index may have due entries that aren't in here.
  bool wants_load() const noexcept;
  /// Up to which time the index was loaded.
  engine_time loaded_until() const noexcept { return loaded_until_; }
  void set_loaded_until(engine_time t) noexcept { loaded_until_ = t; }

  bool wants_purge() const noexcept { return all_.size() > purge_above_; }
  /// Forgets the entries that the index has as well, apart from those of runs that are `in_memory`.
  template <class F> void purge(F in_memory) {
    std::erase_if(all_, [&](auto& entry) {
      auto [due, run] = entry.first;
      return due > loaded_until_ && !entry.second && !in_memory(run);
    });
    purge_above_ = std::max(purge_above_min, 2 * all_.size());
  }

 private:
  static constexpr std::size_t purge_above_min = 131'072;

  const engine_clock& clock_;
  const due_times& due_;
  engine_time loaded_until_ = engine_time::before_all();  // never: all of the index is here
  std::size_t purge_above_ = purge_above_min;
  // (due, run), each once; true if no index has it.
  std::map<std::pair<engine_time, run_number>, bool> all_;
};

}}}  // namespace stet::v0::detail
