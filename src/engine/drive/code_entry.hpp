// Every entry into a run's own code (a drive, a replay), and every destruction of a frame: prepares
// the entry of the crash slot, and makes durable what has to be before.
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
class code_entry {
 public:
  code_entry(services& s, run_room& r, commit_line& c) noexcept
      : services_(s), runs_(r), commit_(c) {}

  /// A run's own code is about to be entered. If the code is suspected, the records that count its
  /// deaths are made durable first. Returns the entry for the crash slot.
  occupant enter(const run_state& s, const execution& frame, const code_use& use);
  /// Replays a recorded history with this frame. Returns why it doesn't fit, or nothing if it does.
  std::optional<std::string> replay(const run_state& s, execution& frame, std::string_view history);
  /// Destroys a frame that is of no use any more, unless a body refers to it.
  void evict_now(resident& r);
  /// Destroys a frame that was never given to its run.
  void destroy(const run_state& s, std::unique_ptr<execution>& frame);
  /// Takes a run out of memory, after its frame.
  void forget_run(resident& r);

 private:
  services& services_;
  run_room& runs_;
  commit_line& commit_;
};

}}}  // namespace stet::v0::detail
