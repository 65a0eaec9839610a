// Decides what follows a failure, a crash or a time-out of an attempt: the next attempt, or the end
// of the step.
#pragma once
#include <cstdint>
#include <string_view>

#include "engine/commit/commit_line.hpp"
#include "engine/drive/driver.hpp"
#include "engine/drive/frame_maker.hpp"
#include "engine/drive/staller.hpp"
#include "engine/record/recorder.hpp"
#include "engine/steps/step_desk.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class timeouts_and_retries {
 public:
  timeouts_and_retries(services& s, time_room& t, run_room& r, recorder& rec, step_desk& d,
                       staller& st, frame_maker& f, driver& dr) noexcept
      : services_(s),
        time_(t),
        runs_(r),
        recorder_(rec),
        desk_(d),
        staller_(st),
        frames_(f),
        driver_(dr) {}

  /// The pause after a failed attempt or a crash is over.
  void next_attempt(resident& r, pending& p);
  /// An attempt has failed: another one follows, or the step fails.
  void attempt_failed(resident& r, pending& p, attempt& a, const failure& f, errc code,
                      bool permanent);
  /// The time of an attempt is up.
  void time_out(resident& r, pending& p, attempt& a);
  /// The step fails without another attempt. `waits`: one of its bodies has yet to return.
  void fail_step(resident& r, const pending& p, errc code, std::string_view type,
                 std::string_view text, bool waits = false);
  /// How long until the attempt has to be checked again; INT64_MAX if it has no time-out.
  std::int64_t time_left(const pending& p, const attempt& a) noexcept;
  /// Whether the step has brought the process down too often.
  bool is_convicted(const pending& p) const noexcept;

 private:
  void report_failures(const run_state& s, const pending& p, const failure& last,
                       std::uint32_t attempt, std::int64_t pause_ms);
  std::int64_t pause_after(const retry_policy& p, std::uint32_t failures) noexcept;
  std::string last_error_type(resident& r, command_number command);

  services& services_;
  time_room& time_;
  run_room& runs_;
  recorder& recorder_;
  step_desk& desk_;
  staller& staller_;
  frame_maker& frames_;
  driver& driver_;
};

}}}  // namespace stet::v0::detail
