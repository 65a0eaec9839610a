#include "engine/attempt.hpp"

#include <utility>

#include <stet/step.hpp>
#include <stet/transaction.hpp>

#include "base/hooks.hpp"
#include "engine/core.hpp"

namespace stet { inline namespace v0 {
namespace detail {
namespace {

thread_local const engine_core* in_body = nullptr;

}  // namespace

const engine_core* engine_of_body() noexcept { return in_body; }

/// Unless it was revoked.
template <class F> void attempt::perform(F f) noexcept {
  auto expected = phase::waiting;
  if (!at.compare_exchange_strong(expected, phase::running)) return;
  const auto& o = body->options;
  bool is_timed = o.timeout.count() > 0 || o.total_timeout.count() > 0;
  if (is_timed || !o.run_inline) began.store(engine.steady_ms(), std::memory_order_relaxed);
  slot_guard here(engine.slots_of(), {run_number, command, number, suspected});
  failpoint("before body");
  auto* around = std::exchange(in_body, &engine);
  try {
    f();
  } catch (...) { error = std::current_exception(); }
  in_body = around;
  failpoint("after body");
  if (result.size() > payload_bytes_max)
    error = std::make_exception_ptr(permanent_error(
        "the result of step '" + body->name + "' has " + std::to_string(result.size()) +
        " bytes, and at most " + std::to_string(payload_bytes_max) + " can be journaled"));
  if (is_timed) ended = engine.steady_ms();
  at.store(phase::left);
}

void attempt::run() noexcept {
  perform([&] {
    step_context c(*this);
    body->run(c, result);
  });
  engine.returned(*this);  // the loop may destroy it now
}

void attempt::transact(const user_state& below, std::string_view name_space) noexcept {
  perform([&] {
    transaction_state state(below, name_space);
    transaction tx(state);
    body->run_transaction(tx, result);
    writes = std::move(state.writes);
  });
}

bool attempt::revoke() noexcept {
  auto expected = phase::waiting;
  return at.compare_exchange_strong(expected, phase::revoked) || expected == phase::revoked;
}

}  // namespace detail

unsigned step_context::attempt() const noexcept { return attempt_->number; }
bool step_context::stop_requested() const noexcept {
  return attempt_->stop.load(std::memory_order_relaxed);
}
std::string step_context::idempotency_key() const {
  static constexpr char digits[] = "0123456789abcdef";
  std::string key;
  for (auto half : attempt_->seed)
    for (int shift = 60; shift >= 0; shift -= 4) key.push_back(digits[half >> shift & 15]);
  return key + "-" + std::to_string(attempt_->command);
}
void step_context::beat(std::string progress) {
  attempt_->engine.heartbeat(*attempt_, std::move(progress));
}
std::string_view step_context::last_progress() const noexcept { return attempt_->progress; }

}}  // namespace stet::v0
