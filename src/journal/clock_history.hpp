// The history of the clock: when engine time was set to another value, although no time had passed.
//
// A due time that counts a duration ("an hour from now") is recorded as the engine time of that
// moment. If engine time is set back or forward later, the duration stays the same, and the due
// time has to move with the clock. No record is changed for that. Instead, the *parts* of the
// journal each have a shift, which is added to the due times that were recorded in them. A time
// that the user named (sleep_until) is never shifted. This class is pure: it reads no clock. On
// disk: see docs/format.md.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/engine_time.hpp"
#include "base/ids.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// A place in the journal: the next record's LSN, and the next run's number.
struct journal_place {
  record_lsn lsn;
  run_number run;
};

class clock_history {
 public:
  /// The records from `from` on, up to the next part.
  struct part {
    journal_place from;
    std::int64_t shift = 0;  // ms, for due times that count a duration
    bool wrong = false;      // the clock was known to be wrong when it was recorded
  };

  /// For a new store.
  explicit clock_history(bool wrong = false) : parts_{{{}, 0, wrong}} {}

  /// Sets engine time back by `by` ms. Whatever is pending keeps the time that it has left. With
  /// `wrong` the reason is unknown. Without it, the wall clock was set back while an engine ran,
  /// whose time went on: then the clock counts as right since.
  void set_back(std::int64_t by, journal_place at, bool wrong = true);
  /// From here on the clock is known to be wrong, by an unknown amount.
  void distrust(journal_place at);
  /// Sets engine time forward by `by` ms. For records since `life`, and for those made while the
  /// clock was wrong, these ms didn't pass. For older records, only as many ms are taken back as
  /// the clock was set back before; the rest is time that passed while no engine ran.
  void set_forward(std::int64_t by, journal_place at, journal_place life, bool still_wrong);

  /// Numbers from `end` on were never written to the store, and will be handed out again.
  void limit_to(journal_place end) noexcept;

  /// Returns the shift for the record with this LSN, or for the first record of this run.
  std::int64_t shift_at(record_lsn of) const noexcept;
  std::int64_t shift_of_run(run_number run) const noexcept;
  /// Returns true if some recorded time is due earlier than its record says.
  bool shifts_back() const noexcept;
  /// Returns true if the clock is known to be wrong at present.
  bool is_wrong() const noexcept { return parts_.back().wrong; }
  /// Returns by how much engine time was set back, and not forward again.
  std::int64_t set_back_by() const noexcept { return debt_; }

  engine_time time;         // when this was written
  record_lsn lsn;           // the next LSN then
  std::int64_t behind = 0;  // how far the wall clock was slower than engine time then

 private:
  friend std::string encode(const clock_history& h);
  friend clock_history decode_clock_history(std::string_view bytes);
  void begin_part(journal_place at, bool wrong);
  void split(journal_place at);

  std::int64_t debt_ = 0;
  std::vector<part> parts_;  // in order; never empty, the first is from 0 on
};

std::string encode(const clock_history& h);
/// Decodes the value that encode() made. Throws malformed.
clock_history decode_clock_history(std::string_view bytes);

}  // namespace detail
}}  // namespace stet::v0
