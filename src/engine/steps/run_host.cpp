#include "engine/steps/run_host.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/shown.hpp"
#include "base/user_code.hpp"
#include "engine/services/failures.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr int patience_ms = 1000;  // then a body that the loop waits for is reported

}  // namespace

/// During a drive, the workflow has given up a step. Returns whether it has to wait for the body.
bool run_host::stop_body(run_number run, command_number command) noexcept {
  bool wait = false;
  runs_.table.find(run)->for_attempts_of(command, [&](attempt& a) {
    if (a.ticket.left_behind || a.revoke()) return;
    desk_.ask_to_return(a);
    if (a.body->holds_run()) wait = true;
    else desk_.leave_behind(a);
  });
  return wait;
}

/// Waits for the body of a step: the caller destroys what it refers to.
void run_host::await_body(run_number run, command_number command) noexcept {
  not_user_code here;
  auto& r = *runs_.table.find(run);
  r.for_attempts_of(command, [&](attempt& a) {
    a.ticket.left_behind = true;
    if (a.revoke()) return;
    desk_.ask_to_return(a);
    desk_.leave_behind(a);
    if (a.body->waits_for_body) await_return(r, a);
  });
}

void run_host::await_return(const resident& r, const attempt& a) noexcept {
  for (int waited_ms = 0; a.at == attempt::phase::running; ++waited_ms) {
    if (waited_ms == patience_ms)
      services_.reporter.report(
          event_kind::loop_held,
          "the run " + shown(r.state.id) + ", and every other, waits for the body of step " +
              shown(a.body->name) +
              ": it belongs to a handler of an update that is being destroyed",
          r.state, a.body->name);
    if (waited_ms >= patience_ms) refuse_calls(a);  // the body may be waiting for a call
    // Only here: a close may give this thread up, which then touches nothing any more.
    loop_thread::inside_body inside(bodies_.thread);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

/// The loop waits for a body, and the body may wait for the loop. So callers get an error, apart
/// from those outside of bodies that wait for a run anyway.
void run_host::refuse_calls(const attempt& waited_for) noexcept {
  auto why = to_exception([&] {
    return error(errc::busy, "engine",
                 "the engine waits for the body of step " + shown(waited_for.body->name) +
                     ", whose run destroys what it refers to: ask again when the body has "
                     "returned; what was asked may be done all the same");
  });
  bodies_.calls.fail_some(
      why, [](const call& c) { return c.of_body || !c.waits_for_run; },
      [&](call& c) {
        if (c.waits_for_run) commit_.answers.forget(static_cast<waiting_call&>(c));
        else commit_.answers.forget(c);
      });
}

/// Lengths of time count from the moment of the request, not from the event that drives the run.
std::int64_t run_host::late_by() noexcept {
  not_user_code here;  // the user's clock may do anything
  return std::max<std::int64_t>(time_.clock.measure() - driven_at, 0);
}

void run_host::log(std::string_view id, std::string_view line) noexcept {
  not_user_code here;
  services_.reporter.log(id, line);
}

}}}  // namespace stet::v0::detail
