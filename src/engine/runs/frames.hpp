// The coroutines in memory, in the order of their last use.
#pragma once
#include <cstdint>
#include <list>
#include <memory>

#include "engine/runs/block_state.hpp"
#include "engine/runs/resident.hpp"
#include "engine/services/in_workflow.hpp"
#include "engine/services/services.hpp"
#include "engine/services/suspects.hpp"
#include "journal/journal.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// A frame is never destroyed while a capturing body of it is under way. A frame whose eviction was
/// tried meanwhile is set aside until reconsider(), so that it isn't tried again and again. Thread:
/// the engine's loop.
class frames {
 public:
  frames(services& s, suspects& known, const journal& j, const block_state& b) noexcept
      : services_(s), suspects_(known), journal_(j), block_(b) {}

  /// Returns false while a body that refers to the frame runs, or may begin at any moment.
  static bool may_evict(const resident& r) noexcept;
  /// Destroys the frame of a run, if it may be destroyed. If its destructors are suspected, it
  /// stays until the records that count its deaths are durable.
  void evict(resident& r) noexcept;
  /// For an engine that keeps no frames (resident_runs_max = 0): the frame of this run was used,
  /// and goes now, or at the end of the turn if its history is long. So events that come together
  /// cost a long history one replay.
  void evict_after_use(resident& r) noexcept;
  /// Destroys a frame. Its destructors are the run's own code, so a crash slot is taken for them.
  void destroy(const run_state& s, std::unique_ptr<execution>& frame) noexcept;
  /// The run was driven just now: its frame is the last one to be evicted.
  void mark_used(resident& r);
  /// An attempt of the run is back: if its frame was set aside, and may go now, it is the first one
  /// to be evicted.
  void reconsider(resident& r) noexcept;
  void clear() noexcept;

  std::size_t size() const noexcept { return used_.size() + set_aside_.size(); }
  /// How many frames there are above the limit of the options. Those that are set aside don't
  /// count: the limit is for frames that nothing refers to.
  std::size_t excess() const noexcept;
  /// The runs with frames that aren't set aside, the one used longest ago first.
  const std::list<resident*>& by_use() const noexcept { return used_; }
  /// How often it was tried to evict a frame.
  std::uint64_t tries() const noexcept { return tries_; }

 private:
  std::list<resident*>& of(const resident& r) noexcept;

  services& services_;
  suspects& suspects_;
  const journal& journal_;
  const block_state& block_;
  std::list<resident*> used_, set_aside_;
  std::uint64_t tries_ = 0;
};

}}}  // namespace stet::v0::detail
