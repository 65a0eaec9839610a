#include "engine/bodies/attempt.hpp"

#include <utility>

#include <stet/step.hpp>
#include <stet/transaction.hpp>

#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "engine/bodies/bodies.hpp"
#include "execution/limits.hpp"
#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 {
namespace detail {
namespace {

thread_local attempt* in_body = nullptr;

/// Counts a body while it runs on a thread of the host's executor.
class running_body {
 public:
  running_body(bodies& home, bool counts) noexcept
      : running_(counts && home.threads.may_starve() && !home.thread.is_here()
                     ? &home.threads.running
                     : nullptr) {
    if (running_) running_->fetch_add(1, std::memory_order_relaxed);
  }
  running_body(const running_body&) = delete;
  running_body& operator=(const running_body&) = delete;
  ~running_body() {
    if (running_) running_->fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  std::atomic<std::size_t>* running_;
};

}  // namespace

attempt* attempt_of_thread() noexcept { return in_body; }

step_attempt attempt::about() const noexcept {
  return {state_of_run.workflow, state_of_run.id, body->name,
          order.number,          body->arguments, body->completes};
}

void attempt::count_time() noexcept { began.store(home.steady_ms(), std::memory_order_relaxed); }

/// Forgets everything that the body has written and kept, since it threw or is called once more.
void attempt::forget_written() noexcept { outcome.written.reset(); }

/// Calls `f`, which leaves a result. If there is an interceptor, that is called instead, and may
/// call `f`.
template <class F> void attempt::intercepted(F f) {
  auto* before = home.services.options.interceptor;
  if (!before) return f();
  struct real final : step_body {
    real(attempt& x, F& g) : a(x), f(g) {}
    std::string run() override {
      a.forget_written();
      try {
        f();
      } catch (...) {
        a.forget_written();
        throw;
      }
      ran = true;
      return a.later ? std::string() : std::exchange(a.outcome.result, {});
    }
    attempt& a;
    F& f;
    bool ran = false;
  } body_itself(*this, f);
  auto answer = before->run_step(about(), body_itself);
  if (!later) outcome.result = std::move(answer);
  else if (!body_itself.ran) later->settle(std::move(answer), nullptr);
}

bool attempt::is_timed() const noexcept {
  auto& o = body->options;
  return o.timeout.count() > 0 || o.total_timeout.count() > 0 || o.heartbeat_timeout.count() > 0;
}

/// Calls `f`. Returns false if the attempt was revoked. `thrown` may be a variable of this thread,
/// since another thread may be writing the attempt's `outcome.error` at the same time.
template <class F> bool attempt::perform(F f, std::exception_ptr& thrown) noexcept {
  auto expected = phase::waiting;
  if (!at.compare_exchange_strong(expected, phase::running)) return false;
  bool counts = began.load(std::memory_order_relaxed) >= 0;
  if (!counts && is_timed()) count_time();
  if (later) pending_slot = home.services.crash_slots.enter_pending(noted());
  slot_guard here(home.services.crash_slots, noted());
  slot.store(here.slot(), std::memory_order_release);
  running_body counted(home, later == nullptr);
  failpoint("before body");
  auto* around = std::exchange(in_body, this);
  {
    std::optional<loop_thread::inside_body> inside;
    if (home.thread.is_here()) inside.emplace(home.thread);
    try {
      f();
    } catch (...) { thrown = std::current_exception(); }
  }
  in_body = around;
  // Another body may have it soon, and this attempt may be pending.
  slot.store(-1, std::memory_order_release);
  failpoint("after body");
  return true;
}

/// Returns the error for a result that is too large. It is permanent: the step has had its effect,
/// and another attempt would not help.
std::exception_ptr attempt::too_large() const noexcept {
  try {
    check_payload("the result of step " + shown(body->name), body->name, outcome.result.size(),
                  home.services.options.payload_bytes_max);
  } catch (const v0::error& e) {
    return std::make_exception_ptr(permanent_error(e.what()));
  } catch (...) { return std::current_exception(); }
  return nullptr;
}

bool attempt::is_asked_to_stop() const noexcept {
  return stop.load(std::memory_order_relaxed) || home.calls.is_closing();
}

bool attempt::threw_stopped() const noexcept {
  if (!outcome.error) return false;
  try {
    std::rethrow_exception(outcome.error);
  } catch (const stopped&) { return true; } catch (...) {
    return false;
  }
}

void attempt::ends() noexcept {
  outcome.threw = outcome.error != nullptr;
  outcome.was_stopped = is_asked_to_stop() && !STET_SEEDED(count_stopped);
  home.services.crash_slots.leave(std::exchange(pending_slot, -1));
  if (outcome.result.size() > home.services.options.payload_bytes_max)
    outcome.error = too_large();  // no text is made for a result of normal size
  if (is_timed()) outcome.ended = home.steady_ms();
  at.store(phase::left, std::memory_order_release);
}

void attempt::run() noexcept {
  auto& h = home;
  if (h.calls.is_closing()) revoke();  // a thread that a close leaves inside a body begins no other
  std::exception_ptr thrown;
  bool ran = perform(
      [&] {
        step_context c(*this);
        if (later) {
          later->begins(*this);
          intercepted([&] { body->begin(*later); });
        } else {
          intercepted([&] { body->run(c, outcome.result); });
        }
      },
      thrown);
  if (ran && later) {
    if (!later->body_returned(std::move(thrown))) return;  // the loop may destroy it now
  } else if (ran) {
    outcome.error = std::move(thrown);
    ends();
  }
  h.returned(*this);  // the loop may destroy it now
}

void attempt::transact(const user_tables& below, std::string_view name_space) noexcept {
  bool ran = perform(
      [&] {
        intercepted([&] {
          transaction_state state(below, name_space);
          transaction tx(state);
          body->run_transaction(tx, outcome.result);
          if (!state.writes.empty()) outcome.writes().entries = std::move(state.writes);
        });
      },
      outcome.error);
  if (ran) ends();
}

std::string attempt::idempotency_key() const {
  static constexpr char digits[] = "0123456789abcdef";
  std::string key;
  for (auto half : state_of_run.seed)
    for (int shift = 60; shift >= 0; shift -= 4) key.push_back(digits[half >> shift & 15]);
  return key + "-" + std::to_string(order.command.value());
}

bool attempt::revoke() noexcept {
  auto expected = phase::waiting;
  return at.compare_exchange_strong(expected, phase::revoked) || expected == phase::revoked;
}

}  // namespace detail

unsigned step_context::attempt() const noexcept { return attempt_->order.number; }
bool step_context::stop_requested() const noexcept { return attempt_->is_asked_to_stop(); }
void step_context::throw_if_stopped() const {
  if (stop_requested()) throw stopped();
}
std::string step_context::idempotency_key() const { return attempt_->idempotency_key(); }
void step_context::beat(std::string progress) {
  detail::check_payload("what a heartbeat says", attempt_->body->name, progress.size(),
                        attempt_->home.services.options.payload_bytes_max);
  attempt_->home.heartbeat(*attempt_, std::move(progress));
}
std::string_view step_context::last_progress() const noexcept { return attempt_->order.progress; }

}}  // namespace stet::v0
