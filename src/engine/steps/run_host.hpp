// The part of an engine that a run's execution needs while it is driven or destroyed.
#pragma once
#include "engine/bodies/bodies.hpp"
#include "engine/commit/commit_line.hpp"
#include "engine/runs/run_room.hpp"
#include "engine/services/services.hpp"
#include "engine/steps/step_desk.hpp"
#include "engine/time/time_room.hpp"
#include "execution/execution.hpp"
#include "journal/journal.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class run_host final : public execution_host {
 public:
  run_host(services& s, journal& j, time_room& t, run_room& r, commit_line& c, bodies& b,
           step_desk& d) noexcept
      : services_(s), journal_(j), time_(t), runs_(r), commit_(c), bodies_(b), desk_(d) {}

  bool stop_body(run_number run, command_number command) noexcept override;
  void await_body(run_number run, command_number command) noexcept override;
  run_number new_run_number() noexcept override { return journal_.new_run_number(); }
  std::int64_t late_by() noexcept override;
  void log(std::string_view id, std::string_view line) noexcept override;

  engine_time driven_at;  // the time of the event that drives the run

 private:
  void await_return(const resident& r, const attempt& a) noexcept;
  void refuse_calls(const attempt& waited_for) noexcept;

  services& services_;
  journal& journal_;
  time_room& time_;
  run_room& runs_;
  commit_line& commit_;
  bodies& bodies_;
  step_desk& desk_;
};

}}}  // namespace stet::v0::detail
