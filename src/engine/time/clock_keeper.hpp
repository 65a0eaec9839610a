// The engine's clock and the store: what is read of earlier clocks at a start, and what is written
// when a clock was set.
#pragma once
#include "engine/services/services.hpp"
#include "engine/time/engine_clock.hpp"
#include "journal/journal.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class clock_keeper {
 public:
  clock_keeper(services& s, journal& j, engine_clock& c) noexcept
      : services_(s), journal_(j), clock_(c) {}

  /// What time it is at a start, and what the store says of earlier clocks.
  void start();
  /// Looks what time it is. If the clock was set, its history goes to the store with the next
  /// commit. Timers that were armed by the old clock are then found too early, and wait on.
  /// `has_timers`: while the clock is known to be wrong, how far it got is noted now and then.
  void update_now(bool has_timers);
  /// Puts the clock's history into the block that fills.
  void keep_history();
  /// Whether it has changed and no block has it yet.
  bool is_unsaved() const noexcept { return is_unsaved_; }
  /// Whether some timer may be due before the index says so: the clock was set back once.
  bool doubts_index() const noexcept { return doubts_index_; }

 private:
  services& services_;
  journal& journal_;
  engine_clock& clock_;
  bool is_unsaved_ = false;
  bool doubts_index_ = false;
};

}}}  // namespace stet::v0::detail
