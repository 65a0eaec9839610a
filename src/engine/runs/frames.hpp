// The coroutines in memory: which there are, and which goes first.
#pragma once
#include <list>
#include <memory>

#include "engine/runs/block_state.hpp"
#include "engine/runs/resident.hpp"
#include "engine/services/in_workflow.hpp"
#include "engine/services/services.hpp"
#include "engine/services/suspects.hpp"
#include "journal/journal.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// A frame with a capturing body under way is never destroyed. Thread: the engine's loop.
class frames {
 public:
  frames(services& s, suspects& known, const journal& j, const block_state& b) noexcept
      : services_(s), suspects_(known), journal_(j), block_(b) {}

  /// False while a body runs, or may begin any moment, that refers to the frame.
  static bool may_evict(const resident& r) noexcept;
  /// Destroys the frame of a run, if it may. One that is suspected of its destructors stays until
  /// what counts its deaths is durable.
  void evict(resident& r) noexcept;
  /// Destroys a frame. Its destructors are the run's own code: it is noted in a crash slot.
  void destroy(const run_state& s, std::unique_ptr<execution>& frame) noexcept;
  /// The run was driven just now: its frame is the last to go.
  void mark_used(resident& r);

  std::size_t size() const noexcept { return used_.size(); }
  /// How many are more than the options allow.
  std::size_t excess() const noexcept;
  /// In the order of their last use, the oldest first.
  std::list<resident*>& by_use() noexcept { return used_; }

 private:
  services& services_;
  suspects& suspects_;
  const journal& journal_;
  const block_state& block_;
  std::list<resident*> used_;
};

}}}  // namespace stet::v0::detail
