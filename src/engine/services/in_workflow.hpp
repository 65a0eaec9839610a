// While a workflow's own code runs on this thread: its crash slot is taken, the watchdog looks, and
// what it mustn't do itself can be noticed. When it is over, the code has brought nothing down.
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

/// What a crash slot says of a run's own code that does this.
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
  /// What it did itself and must not; empty: nothing.
  const std::string& offence() const noexcept { return code_.offence; }
  /// What only looks (a query) may look at anything.
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
