// A scope in which a workflow's own code runs on this thread. Its crash slot is taken, the watchdog
// looks, and calls that the code mustn't make are noticed. At the end of the scope the code has
// come through.
#pragma once
#include <string>
#include <string_view>

#include "base/user_code.hpp"
#include "engine/services/crash_slots.hpp"
#include "engine/services/suspects.hpp"
#include "engine/services/watchdog.hpp"
#include "execution/execution.hpp"
#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// The entry of a crash slot for this use of a run's own code.
inline occupant occupant_of(const run_state& s, const execution& frame, const code_use& use) {
  occupant who;
  who.run = frame.run();
  who.use = use;
  who.records = s.records;
  who.id = frame.id_checksum();
  return who;
}

class in_workflow {
 public:
  in_workflow(crash_slots& s, suspects& known, watchdog& w, std::string_view workflow,
              const execution& frame, const occupant& who)
      : slot_(s, who), suspects_(known), watchdog_(w), frame_(frame), who_(who) {
    code_.workflow = workflow;
    code_.id = frame.id();
    code_.command = &frame.commands.last_command();
    code_.at = &frame.commands.last_at();
    watchdog_.enter(workflow, frame.id());
    current_user_code() = &code_;
  }
  in_workflow(const in_workflow&) = delete;
  in_workflow& operator=(const in_workflow&) = delete;
  ~in_workflow() {
    current_user_code() = nullptr;
    watchdog_.leave(frame_.commands.last_command(), frame_.commands.last_at());
    suspects_.came_through(who_, frame_.continues().has_value());
  }
  /// A forbidden call that the code has made; empty if none.
  const std::string& offence() const noexcept { return code_.offence; }
  /// Code that only reads (a query) may call anything.
  void may_do_anything() noexcept { current_user_code() = nullptr; }

 private:
  slot_guard slot_;
  suspects& suspects_;
  watchdog& watchdog_;
  const execution& frame_;
  occupant who_;
  user_code code_;
};

}}}  // namespace stet::v0::detail
