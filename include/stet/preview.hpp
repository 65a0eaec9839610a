// What a start would do to the runs that are there: engine::preview.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace stet { inline namespace v0 {

/// An open run that this program would stall.
struct stalled_run {
  std::string name_space;
  std::string id;
  std::string workflow;
  std::string version;    ///< that it is pinned to; empty: none
  std::uint64_t run = 0;  ///< the run's number
  std::string reason;     ///< as its status would say it: the two records that differ, …
};

/// What engine::preview found.
struct start_preview {
  std::uint64_t open_runs = 0;       ///< that there are
  std::uint64_t stalled_runs = 0;    ///< of these, that would be stalled
  std::vector<stalled_run> stalled;  ///< which, at most so many as were asked for
};

}}  // namespace stet::v0
