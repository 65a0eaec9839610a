// Keeps the clock's history in the store: reads at a start what is known of earlier clocks, and
// writes when a clock was set.
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

  /// Starts the engine's clock, with what the store says of earlier clocks.
  void start();
  /// Reads the clocks. If the clock was set, its history goes to the store with the next commit.
  /// Timers that were recorded by the old clock may then be found too early, and wait on.
  /// `has_timers`: while the clock is known to be wrong, its progress is written now and then.
  void update_now(bool has_timers);
  /// Puts the clock's history into the block that fills.
  void keep_history();
  /// Whether the history has changed, and no block has it yet.
  bool is_unsaved() const noexcept { return is_unsaved_; }
  /// Whether a timer may be due before the index says so, since the clock was set back once.
  bool doubts_index() const noexcept { return doubts_index_; }

 private:
  services& services_;
  journal& journal_;
  engine_clock& clock_;
  bool is_unsaved_ = false;
  bool doubts_index_ = false;
};

}}}  // namespace stet::v0::detail
