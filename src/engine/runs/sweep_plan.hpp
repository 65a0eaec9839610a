// The memory of retention between two sweeps (calls/sweeper.hpp).
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <stet/time.hpp>

#include "base/engine_time.hpp"
#include "base/ids.hpp"

namespace stet { inline namespace v0 { namespace detail {

struct sweep_plan {
  /// How long the runs of a namespace are kept, in ms; 0 means for ever.
  std::int64_t retention_of(std::string_view name_space, duration of_engine) const noexcept {
    auto own = keep.find(name_space);
    return (own == keep.end() ? of_engine : own->second).count();
  }

  std::map<std::string, duration, std::less<>> keep;  // by namespace, if not the engine's
  engine_time next;                                   // time of the next sweep
  // By namespace: the latest entry of the index by end that was handled.
  std::map<std::string, std::string> looked_to;
  std::vector<run_number> busy;  // old enough, but their bodies still ran
  engine_time ended_until;       // runs that ended before this are in the index by end
};

}}}  // namespace stet::v0::detail
