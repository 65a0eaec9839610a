// Takes the attempts that have come back, and records their outcomes.
#pragma once
#include "engine/advance/timeouts_and_retries.hpp"
#include "engine/commit/commit_line.hpp"
#include "engine/drive/driver.hpp"
#include "engine/drive/staller.hpp"
#include "engine/record/recorder.hpp"
#include "engine/steps/step_desk.hpp"
#include "engine/tables/user_tables.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class returns {
 public:
  returns(services& s, time_room& t, run_room& r, recorder& rec, commit_line& c, bodies& b,
          step_desk& d, user_tables& u, staller& st, driver& dr, timeouts_and_retries& re) noexcept
      : services_(s),
        time_(t),
        runs_(r),
        recorder_(rec),
        commit_(c),
        bodies_(b),
        desk_(d),
        tables_(u),
        staller_(st),
        driver_(dr),
        timeouts_and_retries_(re) {}

  /// Takes all attempts that have come back. Returns whether there were any.
  bool take();

 private:
  void take(attempt& a);
  bool has_result(const attempt& a) noexcept;
  void count_return(resident& r, attempt& a);
  void body_returned(resident& r, const attempt& a);
  void finish_attempt(resident& r, pending& p, attempt& a);
  void report_failure(resident& r, pending& p, attempt& a);
  void record_result(resident& r, attempt& a);
  void cut_short(resident& r, const pending& p, const attempt& a);
  bool came_late(const pending& p, const attempt& a) noexcept;
  bool is_permanent(const attempt& a, const failure& f) noexcept;
  void write_early(const attempt& a);

  services& services_;
  time_room& time_;
  run_room& runs_;
  recorder& recorder_;
  commit_line& commit_;
  bodies& bodies_;
  step_desk& desk_;
  user_tables& tables_;
  staller& staller_;
  driver& driver_;
  timeouts_and_retries& timeouts_and_retries_;
};

}}}  // namespace stet::v0::detail
