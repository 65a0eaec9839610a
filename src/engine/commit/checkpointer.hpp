// Decides which runs are written to their snapshots, and when. Slices of runs are written together
// with the blocks, so that old blocks become superfluous.
#pragma once
#include <cstdint>
#include <vector>

#include "engine/door/inbox.hpp"
#include "engine/runs/run_room.hpp"
#include "engine/services/services.hpp"
#include "journal/journal.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class checkpointer {
 public:
  checkpointer(services& s, journal& j, run_room& r, const inbox& i) noexcept
      : services_(s), journal_(j), runs_(r), inbox_(i) {}

  /// The run has ended: its only slice goes with the next block.
  void add_ended(run_number run) { ended_.push_back(run); }
  bool has_ended() const noexcept { return !ended_.empty(); }
  /// Writes a run: its state as of the block that is sealed next. The slice and that block are one
  /// commit.
  void slice(resident& r);
  void slice_ended();
  /// Adds the slices that go with the next block. A run that has ended gets its only slice at once.
  /// An open run is written only if it keeps old blocks alive, so a run that ends before its first
  /// block is old is written only once.
  void slice_what_is_due();
  /// The block with the slices is durable: drops their records from memory, and the runs that are
  /// idle.
  void drop_written();
  /// Calls `f` for the runs that have ended and may not be in the index by end yet.
  template <class F> void for_each_unindexed(F f) {
    for (auto* some : {&ended_, &sliced_})
      for (auto run : *some) f(run);
  }
  /// `has_runs_to_revive`: until these runs are revived the journal may be several times as long.
  void start(bool has_runs_to_revive) noexcept;

 private:
  void begin_pass();

  services& services_;
  journal& journal_;
  run_room& runs_;
  const inbox& inbox_;
  std::vector<run_number> ended_, sliced_;
  record_lsn pass_until_;  // LSN: older records are being checkpointed; 0 if no pass
  std::size_t tail_limit_ = 0;
};

}}}  // namespace stet::v0::detail
