// The result of engine::preview: what a start would do to the open runs.
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
  std::string version;    ///< which it stays with; empty if it has none
  std::uint64_t run = 0;  ///< the run's number
  std::string reason;     ///< as its status would say it: the two records that differ, …
};

/// The result of engine::preview.
struct start_preview {
  std::uint64_t open_runs = 0;       ///< of the whole store
  std::uint64_t stalled_runs = 0;    ///< those of them that would be stalled
  std::vector<stalled_run> stalled;  ///< the first of these, as many as were asked for
};

}}  // namespace stet::v0
