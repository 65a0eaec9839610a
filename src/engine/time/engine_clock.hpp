// Engine time: what records say, and what due times are held against.
//
// It runs with the machine's uptime (or, where that isn't known, its steady clock), follows the
// wall clock forward, and never falls within the life of an engine. Where it jumps and no time
// passed, the clock history says what that means to due times: see journal/clock_history.hpp.
// Thread: the engine's loop.
#pragma once
#include <cstdint>
#include <optional>

#include <stet/environment.hpp>

#include "journal/clock_history.hpp"

namespace stet { inline namespace v0 { namespace detail {

class engine_clock {
 public:
  explicit engine_clock(clock& c);

  /// An engine starts at `at`. `known` is what the store says of the clock; nothing: it is new, or
  /// older than that. `last` is the engine time that was recorded last, or 0.
  void start(std::optional<clock_history> known, std::int64_t last, journal_place at);
  /// Looks at both clocks. True if the clock was found to be set: the history has changed, or is to
  /// say how far the wall clock is behind.
  bool tick(journal_place at);
  /// Engine time at this very moment, by one look at the uptime; now() stays as it is.
  std::int64_t measure() noexcept { return anchor_now_ + (line() - anchor_line_); }
  /// The same, and now() becomes that.
  void look() noexcept;

  std::int64_t now() const noexcept { return now_; }
  std::int64_t steady() noexcept { return clock_.steady().count(); }
  /// Due times up to this one have certainly come.
  std::int64_t past() const noexcept { return now_ - resolution_; }
  bool is_over(std::int64_t due) const noexcept { return due <= past(); }
  /// By how much the wall clock was behind engine time when it was last looked at: it was set back
  /// since the start.
  std::int64_t behind() const noexcept { return behind_; }
  /// A length of time by two readings of steady(), made so long that it isn't cut short.
  std::int64_t whole(std::int64_t length) const noexcept;
  /// The engine time at which is_over(due) becomes true.
  std::int64_t shown(std::int64_t due) const noexcept;

  /// A due time that counts a length, recorded with this LSN, by the clock of today.
  std::int64_t due(std::int64_t recorded, record_lsn lsn) const noexcept;
  /// The same of a time that the first record of a run says.
  std::int64_t due_of_run(std::int64_t recorded, run_number run) const noexcept;
  /// When `length` has passed since this engine was started.
  std::int64_t since_start(std::int64_t length) const noexcept;
  bool is_of_this_life(record_lsn lsn) const noexcept { return lsn >= life_.lsn; }

  /// To be written: with the place and the time of now.
  const clock_history& history(journal_place at) noexcept;
  const clock_history& history() const noexcept { return history_; }
  /// How far a life gets in which the clock is wrong is to be written now and then.
  bool notes_progress() const noexcept { return history_.is_wrong() && now_ >= next_note_; }

 private:
  std::int64_t line() noexcept;
  void anchor(std::int64_t now) noexcept;

  clock& clock_;
  bool knows_uptime_;
  std::int64_t resolution_;
  clock_history history_;
  journal_place life_;
  std::int64_t now_ = 0, anchor_now_ = 0, anchor_line_ = 0, next_note_ = 0, behind_ = 0;
  std::int64_t started_ = 0;  // engine time at the start, and by how much it was set since
};

}  // namespace detail
}}  // namespace stet::v0
