// Engine time: the time that records have, and that due times are compared with.
//
// It runs with the machine's uptime (or, where that isn't known, with its steady clock), follows
// the wall clock forward, and never falls within the life of an engine. If it jumps although no
// time has passed, the clock history says what that means to due times: see
// journal/clock_history.hpp. Thread: the engine's loop.
#pragma once
#include <cstdint>
#include <optional>

#include <stet/environment.hpp>

#include "base/engine_time.hpp"
#include "journal/clock_history.hpp"

namespace stet { inline namespace v0 { namespace detail {

class engine_clock {
 public:
  explicit engine_clock(clock& c);

  /// An engine starts at `at`. `known`: what the store has of the clock; empty if the store is new,
  /// or older than that format. `last`: the engine time that was recorded last, if any.
  void start(std::optional<clock_history> known, engine_time last, journal_place at);
  /// Reads both clocks. Returns true if a clock was set: then the history has changed, or has to
  /// note by how much the wall clock lags.
  bool tick(journal_place at);
  /// Engine time at this very moment, by one reading of the uptime; now() doesn't change.
  engine_time measure() noexcept { return anchor_now_ + (line() - anchor_line_); }
  /// The same, but now() becomes that time.
  void look() noexcept;

  engine_time now() const noexcept { return now_; }
  std::int64_t steady() noexcept { return clock_.steady().count(); }
  /// Times up to this one have certainly come.
  engine_time past() const noexcept { return now_ - resolution_; }
  bool is_over(engine_time due) const noexcept { return due <= past(); }
  /// By how much the wall clock lagged after engine time when it was last read, because it was set
  /// back since the start.
  std::int64_t behind() const noexcept { return behind_; }
  /// A length of time between two readings of steady(), made longer so that it isn't cut short.
  std::int64_t whole(std::int64_t length) const noexcept;
  /// By how much the wall clock lags after engine time at this very moment. A difference that is no
  /// more than the coarseness of the two readings counts as none.
  std::int64_t lag() noexcept;
  /// The time that the wall clock will show at an engine time, if it isn't set until then.
  engine_time on_wall(engine_time t) noexcept { return t - lag(); }
  /// The engine time at which is_over(due) becomes true.
  engine_time shown(engine_time due) const noexcept;

  /// A due time that was recorded with this LSN and counts a length, by today's clock.
  engine_time due(engine_time recorded, record_lsn lsn) const noexcept;
  /// The same for a time that the first record of a run has.
  engine_time due_of_run(engine_time recorded, run_number run) const noexcept;
  /// The time at which `length` has passed since this engine was started.
  engine_time since_start(std::int64_t length) const noexcept;
  bool is_of_this_life(record_lsn lsn) const noexcept { return lsn >= life_.lsn; }

  /// The history as it is written now, with the place and the engine time.
  const clock_history& history(journal_place at) noexcept;
  const clock_history& history() const noexcept { return history_; }
  /// Whether the progress of a life with a wrong clock is to be written now.
  bool notes_progress() const noexcept { return history_.is_wrong() && now_ >= next_note_; }

 private:
  std::int64_t line() noexcept;
  void anchor(engine_time now) noexcept;

  clock& clock_;
  bool knows_uptime_;
  std::int64_t resolution_;
  clock_history history_;
  journal_place life_;
  engine_time now_, anchor_now_, next_note_;
  std::int64_t anchor_line_ = 0;  // by line()
  std::int64_t behind_ = 0;
  engine_time started_;  // at the start, shifted if the clock was set since
};

}  // namespace detail
}}  // namespace stet::v0
