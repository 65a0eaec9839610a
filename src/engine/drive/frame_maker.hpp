// Makes the coroutines of runs, most of them from their histories.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/drive/code_entry.hpp"
#include "engine/drive/staller.hpp"
#include "engine/steps/run_host.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Why a run isn't tried because it brought the process down too often; empty if it may be tried.
std::string why_quarantined(const run_state& s, unsigned max_crashes);

/// Thread: the engine's loop.
class frame_maker {
 public:
  frame_maker(services& s, time_room& t, run_room& r, recorder& rec, run_host& h, code_entry& d,
              staller& st) noexcept
      : services_(s), time_(t), runs_(r), recorder_(rec), host_(h), entry_(d), staller_(st) {}

  /// Makes sure that the run has its coroutine. Returns false if that isn't possible: then the run
  /// is stalled.
  bool ensure_frame(resident& r);
  /// How many records have been replayed to make coroutines.
  std::uint64_t records_replayed() const noexcept { return records_replayed_; }
  /// The coroutine of a run that is being created.
  std::unique_ptr<execution> make_new(const record& start, run_number run);
  /// An execution that is made only to look at the run. Throws errc::unknown_workflow.
  std::unique_ptr<execution> make_shadow(const run_state& s);
  /// Why the run would be stalled if this code drove it; empty if it wouldn't. The run's undriven
  /// events are tried, too. Nothing of that is kept.
  std::string why_incompatible(definition& d, resident& r);
  std::string why_incompatible(definition& d, const run_state& s, std::string_view history);
  /// The same for today's code. A run that brought the process down too often would be stalled,
  /// too.
  std::string why_stalled(resident& r);

 private:
  services& services_;
  time_room& time_;
  run_room& runs_;
  recorder& recorder_;
  run_host& host_;
  code_entry& entry_;
  staller& staller_;
  std::uint64_t records_replayed_ = 0;
};

}}}  // namespace stet::v0::detail
