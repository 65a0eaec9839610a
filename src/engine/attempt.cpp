#include "engine/attempt.hpp"

#include <utility>

#include <stet/step.hpp>
#include <stet/transaction.hpp>

#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "engine/core.hpp"

namespace stet { inline namespace v0 {
namespace detail {
namespace {

thread_local attempt* in_body = nullptr;

}  // namespace

/// Counts a body that runs on a thread of the executor's.
class running_body {
 public:
  running_body(engine_core& e, bool counts) noexcept
      : running_(counts && !e.is_on_loop() ? &e.bodies_running_ : nullptr) {
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

attempt* attempt_of_thread() noexcept { return in_body; }
const engine_core* engine_of_body() noexcept { return in_body ? &in_body->engine : nullptr; }

step_attempt attempt::about() const noexcept {
  return {run_of.state.workflow, run_of.state.id, body->name, number,
          body->arguments,       body->completes};
}

void attempt::count_time() noexcept { began.store(engine.body_ms(), std::memory_order_relaxed); }

/// What a body that threw, or that is called once more, had written and kept: nothing of it counts.
void attempt::forget_written() noexcept {
  writes.clear();
  kept_bytes = 0;
  kept_count = 0;
}

/// Calls `f`, which leaves a result, or whoever stands before it.
template <class F> void attempt::intercepted(F f) {
  auto* before = engine.interceptor();
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
      return a.later ? std::string() : std::exchange(a.result, {});
    }
    attempt& a;
    F& f;
    bool ran = false;
  } body_itself(*this, f);
  auto answer = before->run_step(about(), body_itself);
  if (!later) result = std::move(answer);
  else if (!body_itself.ran) later->settle(std::move(answer), nullptr);
}

bool attempt::is_timed() const noexcept {
  auto& o = body->options;
  return o.timeout.count() > 0 || o.total_timeout.count() > 0 || o.heartbeat_timeout.count() > 0;
}

/// Calls `f`. False if it was revoked. `thrown` may be of another thread than the attempt's
/// `error`, which somebody may be writing.
template <class F> bool attempt::perform(F f, std::exception_ptr& thrown) noexcept {
  auto expected = phase::waiting;
  if (!at.compare_exchange_strong(expected, phase::running)) return false;
  bool counts = began.load(std::memory_order_relaxed) >= 0;
  if (!counts && (is_timed() || !body->options.run_inline)) count_time();
  if (later) pending_slot = engine.slots_of().enter_pending(noted());
  slot_guard here(engine.slots_of(), noted());
  slot = here.slot();
  running_body counted(engine, later == nullptr);
  failpoint("before body");
  auto* around = std::exchange(in_body, this);
  {
    std::optional<loop_thread::inside_body> inside;
    if (engine.is_on_loop()) inside.emplace(engine.thread());
    try {
      f();
    } catch (...) { thrown = std::current_exception(); }
  }
  in_body = around;
  failpoint("after body");
  return true;
}

/// Its effect has happened: another attempt would not help.
std::exception_ptr attempt::too_large() const noexcept {
  try {
    check_payload("the result of step " + shown(body->name), body->name, result.size(),
                  engine.payload_bytes_max());
  } catch (const v0::error& e) {
    return std::make_exception_ptr(permanent_error(e.what()));
  } catch (...) { return std::current_exception(); }
  return nullptr;
}

bool attempt::is_asked_to_stop() const noexcept {
  return stop.load(std::memory_order_relaxed) || engine.is_closing();
}

bool attempt::threw_stopped() const noexcept {
  if (!error) return false;
  try {
    std::rethrow_exception(error);
  } catch (const stopped&) { return true; } catch (...) {
    return false;
  }
}

void attempt::ends() noexcept {
  threw = error != nullptr;
  was_stopped = is_asked_to_stop() && !STET_SEEDED(count_stopped);
  engine.slots_of().leave(std::exchange(pending_slot, -1));
  if (result.size() > engine.payload_bytes_max()) error = too_large();  // else no text is made
  if (is_timed()) ended = engine.body_ms();
  at.store(phase::left);
}

void attempt::run() noexcept {
  auto& e = engine;
  if (e.is_closing()) revoke();  // a thread that one body leaves at a close takes no other
  std::exception_ptr thrown;
  bool ran = perform(
      [&] {
        step_context c(*this);
        if (later) {
          later->begins();
          intercepted([&] { body->begin(*later); });
        } else {
          intercepted([&] { body->run(c, result); });
        }
      },
      thrown);
  if (ran && later) {
    if (!later->body_returned(std::move(thrown))) return;  // the loop may destroy it now
  } else if (ran) {
    error = std::move(thrown);
    ends();
  }
  e.returned(*this);  // the loop may destroy it now
}

void attempt::transact(const user_state& below, std::string_view name_space) noexcept {
  bool ran = perform(
      [&] {
        intercepted([&] {
          transaction_state state(below, name_space);
          transaction tx(state);
          body->run_transaction(tx, result);
          writes = std::move(state.writes);
        });
      },
      error);
  if (ran) ends();
}

std::string attempt::idempotency_key() const {
  static constexpr char digits[] = "0123456789abcdef";
  std::string key;
  for (auto half : seed)
    for (int shift = 60; shift >= 0; shift -= 4) key.push_back(digits[half >> shift & 15]);
  return key + "-" + std::to_string(command);
}

bool attempt::revoke() noexcept {
  auto expected = phase::waiting;
  return at.compare_exchange_strong(expected, phase::revoked) || expected == phase::revoked;
}

}  // namespace detail

unsigned step_context::attempt() const noexcept { return attempt_->number; }
bool step_context::stop_requested() const noexcept { return attempt_->is_asked_to_stop(); }
void step_context::throw_if_stopped() const {
  if (stop_requested()) throw stopped();
}
std::string step_context::idempotency_key() const { return attempt_->idempotency_key(); }
void step_context::beat(std::string progress) {
  detail::check_payload("what a heartbeat says", attempt_->body->name, progress.size(),
                        attempt_->engine.payload_bytes_max());
  attempt_->engine.heartbeat(*attempt_, std::move(progress));
}
std::string_view step_context::last_progress() const noexcept { return attempt_->progress; }

}}  // namespace stet::v0
