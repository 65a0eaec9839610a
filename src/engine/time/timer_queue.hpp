// Which run must be checked at which time, and for what: the near part of the timer index, in
// memory.
//
// A wait of a run, and an attempt, has one entry at most, which goes when the wait is over or the
// attempt is back. Entries for the whole run are hints: the run may have no such
// timer any more, so the code that wakes it checks again. Invariants: every timer of the index that
// is due by `loaded_until` is in here, or has fired. So is every time that the index doesn't have,
// because the run is stalled or the clock was set since.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "base/engine_time.hpp"
#include "engine/time/due_times.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// The reason for which a run is woken.
class timer_owner {
 public:
  /// The run as a whole: its beginning, its deadline, the entry of the index.
  constexpr timer_owner() noexcept = default;
  /// A sleep, or a step that waits for its next attempt.
  constexpr explicit timer_owner(command_number c) noexcept
      : bits_(std::uint64_t{c.value()} << 32) {}
  /// The time-outs of an attempt.
  constexpr timer_owner(command_number c, std::uint32_t attempt) noexcept
      : bits_(std::uint64_t{c.value()} << 32 | attempt) {}
  constexpr bool is_run() const noexcept { return bits_ == 0; }
  constexpr bool is_attempt() const noexcept { return (bits_ & UINT32_MAX) != 0; }
  constexpr command_number command() const noexcept {
    return command_number(static_cast<std::uint32_t>(bits_ >> 32));
  }
  constexpr auto operator<=>(const timer_owner&) const noexcept = default;

 private:
  std::uint64_t bits_ = 0;
};

/// A run that is due.
struct due_run {
  run_number run;
  timer_owner what;
};

/// Thread: the engine's loop.
class timer_queue {
 public:
  timer_queue(const engine_clock& c, const due_times& d) noexcept : clock_(c), due_(d) {}

  /// `stays`: no index has this time, so a purge must not forget it.
  void add(engine_time due, run_number run, bool stays = false) { add(due, run, {}, stays); }
  /// The same for one of the things that the run waits for. It has only this time from now on.
  void add(engine_time due, run_number run, timer_owner what, bool stays = false);
  /// The wait is over. Costs next to nothing if it had no time.
  void remove(run_number run, timer_owner what) noexcept;
  /// The run has ended. The time-outs of its attempts stay until these are back.
  void forget(run_number run) noexcept;
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
    return std::get<0>(all_.begin()->first);
  }
  /// The next time in here, or up to which the index was loaded; never if there is none.
  engine_time next_time() const noexcept;
  /// Takes the run that is due at `now`, if there is one.
  std::optional<due_run> pop_due(engine_time now) noexcept;

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
      auto [due, run, what] = entry.first;
      bool goes = due > loaded_until_ && !entry.second && !in_memory(run);
      if (goes) by_run_.erase({run, what, due});
      return goes;
    });
    purge_above_ = std::max(purge_above_min, 2 * all_.size());
  }

 private:
  static constexpr std::size_t purge_above_min = 131'072;

  const engine_clock& clock_;
  const due_times& due_;
  engine_time loaded_until_ = engine_time::before_all();  // never: all of the index is here
  std::size_t purge_above_ = purge_above_min;
  // True if no index has it.
  std::map<std::tuple<engine_time, run_number, timer_owner>, bool> all_;
  std::set<std::tuple<run_number, timer_owner, engine_time>> by_run_;  // the same entries
};

}}}  // namespace stet::v0::detail
