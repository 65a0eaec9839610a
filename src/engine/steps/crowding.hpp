// Reports that all threads for bodies are busy while steps wait for one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/bodies/bodies.hpp"
#include "engine/runs/run_room.hpp"
#include "engine/services/services.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class crowding {
 public:
  crowding(services& s, run_room& r, bodies& b) noexcept : services_(s), runs_(r), bodies_(b) {}

  /// Reports it, at most once a minute. `waiting`: how many steps wait for a thread.
  void report(std::size_t waiting);

 private:
  std::vector<const attempt*> running() const;
  std::string text(const std::vector<const attempt*>& running, std::size_t waiting) const;

  services& services_;
  run_room& runs_;
  bodies& bodies_;
  std::int64_t quiet_until_ = INT64_MIN;  // ms, steady
};

}}}  // namespace stet::v0::detail
