// Before a run's own code is entered or destroyed: what its crash slot says, and what has to be
// durable first.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/commit/commit_line.hpp"
#include "engine/runs/run_room.hpp"
#include "engine/services/in_workflow.hpp"
#include "engine/services/services.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class code_door {
 public:
  code_door(services& s, run_room& r, commit_line& c) noexcept
      : services_(s), runs_(r), commit_(c) {}

  /// A run's own code is about to be entered. If the code is suspected, whatever counts its deaths
  /// is made durable first.
  occupant enter(const run_state& s, const execution& frame, const code_use& use);
  /// Plays a recorded history with this frame. Returns why it doesn't fit, or nothing if it does.
  std::optional<std::string> replay(const run_state& s, execution& frame, std::string_view history);
  /// A frame that is of no use any more goes now, unless a body refers to it.
  void evict_now(resident& r);
  /// A frame that was never given to its run goes.
  void destroy(const run_state& s, std::unique_ptr<execution>& frame);
  /// Takes a run out of memory, its frame first.
  void forget_run(resident& r);

 private:
  services& services_;
  run_room& runs_;
  commit_line& commit_;
};

}}}  // namespace stet::v0::detail
