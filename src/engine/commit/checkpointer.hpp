// Which runs are written to their snapshots, and when: slices of them ride along with the blocks,
// so that old blocks become superfluous.
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

  /// The run has ended: its one slice rides with the next block.
  void add_ended(run_number run) { ended_.push_back(run); }
  bool has_ended() const noexcept { return !ended_.empty(); }
  /// Writes a run: its state as the block that is sealed next makes it. Both are one commit.
  void slice(resident& r);
  void slice_ended();
  /// What rides along with the next block. A run that has ended gets its one slice at once; of
  /// those that go on, only the ones that hold up old blocks: a run that is over before its first
  /// block is old was never written twice.
  void slice_what_is_due();
  /// The block with the slices is durable: what rode in it goes from memory, and the runs, if they
  /// are idle.
  void drop_written();
  /// Runs that have ended, and may not be in the index by end yet.
  template <class F> void for_each_unindexed(F f) {
    for (auto* some : {&ended_, &sliced_})
      for (auto run : *some) f(run);
  }
  /// A start has runs to resume: until they go on, several times as much journal is kept.
  void start(bool has_runs_to_resume) noexcept;

 private:
  void begin_pass();

  services& services_;
  journal& journal_;
  run_room& runs_;
  const inbox& inbox_;
  std::vector<run_number> ended_, sliced_;
  record_lsn pass_until_;  // LSN: what is older is being checkpointed; 0: no pass
  std::size_t tail_limit_ = 0;
};

}}}  // namespace stet::v0::detail
