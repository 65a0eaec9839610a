// What happened to the clock: when engine time was set to another value, though no time passed.
//
// A due time that counts a length ("an hour from now") is recorded as engine time of that moment.
// When engine time is set back or forward later, the length stays the same, and the due time has to
// move with the clock. No record is changed for that: the *parts* of the journal each have a shift,
// which is added to the due times that were recorded in them. A time that somebody named
// (sleep_until) is never shifted. Pure, no clock. On disk: see docs/format.md.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// A place in the journal: the next record's LSN, and the next run's number.
struct journal_place {
  record_lsn lsn;
  run_number run;
};

class clock_history {
 public:
  /// What was recorded from `from` on, up to the next part.
  struct part {
    journal_place from;
    std::int64_t shift = 0;  // ms, of due times that count a length
    bool wrong = false;      // the clock was known to be wrong when it was recorded
  };

  /// Of a store that nobody has used yet.
  explicit clock_history(bool wrong = false) : parts_{{{}, 0, wrong}} {}

  /// Engine time begins again, `by` ms below where it stood. What is pending keeps the time that is
  /// left of it. `wrong`: nobody knows why. Else the wall clock was set back while an engine ran,
  /// whose time went on: then it has been right since, as far as anybody knows.
  void set_back(std::int64_t by, journal_place at, bool wrong = true);
  /// The clock is known to be wrong from here on, though nobody knows by how much.
  void distrust(journal_place at);
  /// Engine time jumps forward by `by` ms that didn't pass for what was recorded since `life`, or
  /// while the clock was wrong. For what was recorded before, it takes back as much as it was set
  /// back; the rest is time that passed while no engine ran.
  void set_forward(std::int64_t by, journal_place at, journal_place life, bool still_wrong);

  /// Numbers from `end` on were never written to the store, and are handed out again.
  void limit_to(journal_place end) noexcept;

  /// Of what was recorded with this LSN; by the first record of this run.
  std::int64_t shift_at(record_lsn of) const noexcept;
  std::int64_t shift_of_run(run_number run) const noexcept;
  /// Something recorded is due earlier than its record says.
  bool shifts_back() const noexcept;
  /// The clock is known to be wrong at present.
  bool is_wrong() const noexcept { return parts_.back().wrong; }
  /// By how much engine time was set back, and not forward again.
  std::int64_t set_back_by() const noexcept { return debt_; }

  std::int64_t time = 0;    // engine time when this was written
  record_lsn lsn;           // the next LSN then
  std::int64_t behind = 0;  // by how much the wall clock was behind engine time then; 0: not much

 private:
  friend std::string encode(const clock_history& h);
  friend clock_history decode_clock_history(std::string_view bytes);
  void begin_part(journal_place at, bool wrong);
  void split(journal_place at);

  std::int64_t debt_ = 0;
  std::vector<part> parts_;  // in order; never empty, the first is from 0 on
};

std::string encode(const clock_history& h);
/// Throws malformed.
clock_history decode_clock_history(std::string_view bytes);

}  // namespace detail
}}  // namespace stet::v0
