#include "engine/bodies/completion.hpp"

#include <utility>

#include <stet/error.hpp>
#include <stet/step.hpp>

#include "base/shown.hpp"
#include "engine/bodies/attempt.hpp"
#include "engine/bodies/bodies.hpp"
#include "engine/services/failures.hpp"
#include "execution/limits.hpp"

namespace stet { inline namespace v0 {
namespace detail {
namespace {

std::exception_ptr dropped(const attempt& a) noexcept {
  return to_exception([&] {
    return error(errc::usage, a.body->name,
                 "the body of step " + shown(a.body->name) +
                     " dropped its completion without a call of resolve or reject: keep a copy "
                     "until one of them is called");
  });
}

}  // namespace

stop_callback::~stop_callback() = default;

completion_state::completion_state(attempt& a) noexcept : attempt_(&a), body_(a.body) {
  body_->hold();
}

void completion_state::unref() noexcept {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void completion_state::hold() noexcept {
  if (handles_.fetch_add(1, std::memory_order_relaxed) != 0) return;
  references_.fetch_add(1, std::memory_order_relaxed);
  port::lock_guard lock(mutex_);
  dropped_ = false;  // an interceptor may call the body again
}

void completion_state::drop() noexcept {
  if (handles_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  std::exception_ptr why;
  {
    port::lock_guard lock(mutex_);
    dropped_ = handles_ == 0;
    // An exception of the body says more, so it is waited for.
    if (dropped_ && !settled_ && body_left_) why = dropped(*attempt_);
  }
  if (why) settle({}, std::move(why));
  unref();
}

bool completion_state::settle(std::string result, std::exception_ptr error) noexcept {
  std::unique_ptr<stop_callback> unneeded;  // destroyed without the lock: it is user code
  port::lock_guard lock(mutex_);
  if (settled_) return false;
  settled_ = true;
  unneeded = std::move(on_stop_);
  attempt_->outcome.result = std::move(result);
  attempt_->outcome.error = std::move(error);
  if (!body_left_) return true;
  attempt_->ends();
  attempt_->home.returned(*attempt_);  // under the lock, which ~attempt takes, too
  return true;
}

void completion_state::on_stop(std::unique_ptr<stop_callback> f) noexcept {
  std::unique_ptr<stop_callback> now;
  {
    port::lock_guard lock(mutex_);
    if (settled_) return;
    std::swap(on_stop_, f);
    if (stop_) now = std::move(on_stop_);
  }
  try {
    if (now) now->call();
  } catch (...) {}  // dropped, as on the engine's thread
}

void completion_state::beat(std::string said) {
  port::lock_guard lock(mutex_);
  if (settled_) return;
  check_payload("what a heartbeat says", attempt_->body->name, said.size(),
                attempt_->home.services.options.payload_bytes_max);
  attempt_->home.heartbeat(*attempt_, std::move(said));
}

void completion_state::begins(const attempt& a) {
  number = a.order.number;
  key = a.idempotency_key();
  progress = a.order.progress;
}

bool completion_state::body_returned(std::exception_ptr thrown) noexcept {
  std::unique_ptr<stop_callback> unneeded;
  port::lock_guard lock(mutex_);
  body_left_ = true;
  if (!settled_) {
    if (!thrown && !dropped_) return false;
    settled_ = true;
    unneeded = std::move(on_stop_);
    attempt_->outcome.error = thrown ? std::move(thrown) : dropped(*attempt_);
  }
  attempt_->ends();
  return true;
}

void completion_state::ask_to_stop() noexcept {
  std::unique_ptr<stop_callback> now;
  {
    port::lock_guard lock(mutex_);
    stop_ = true;
    now = std::move(on_stop_);
  }
  try {
    if (now) now->call();
  } catch (...) {}  // no caller can get it
}

bool completion_state::is_pending() noexcept {
  port::lock_guard lock(mutex_);
  return body_left_ && !settled_;
}

bool completion_state::clear_suspect() noexcept {
  port::lock_guard lock(mutex_);
  if (!body_left_ || settled_) return false;
  attempt_->home.services.crash_slots.clear_suspect(attempt_->pending_slot);
  return true;
}

bool completion_state::give_up() noexcept {
  std::unique_ptr<stop_callback> unneeded;
  port::lock_guard lock(mutex_);
  if (settled_) return false;
  settled_ = true;
  unneeded = std::move(on_stop_);
  if (!body_left_) return false;  // the attempt comes back when its body does
  attempt_->ends();
  return true;
}

void completion_state::let_go() noexcept {
  {
    port::lock_guard lock(mutex_);
    settled_ = true;
    attempt_ = nullptr;
  }
  unref();
}

}  // namespace detail

pending_step::pending_step(detail::completion_state& s) noexcept : state_(&s) { s.hold(); }
pending_step::pending_step(const pending_step& o) noexcept : state_(o.state_) {
  if (state_) state_->hold();
}
pending_step::~pending_step() {
  if (state_) state_->drop();
}

unsigned pending_step::attempt() const noexcept { return state_ ? state_->number : 0; }
std::string pending_step::idempotency_key() const { return state_ ? state_->key : std::string(); }
bool pending_step::stop_requested() const noexcept { return state_ && state_->is_asked_to_stop(); }
void pending_step::stop_with(std::unique_ptr<detail::stop_callback> f) const noexcept {
  if (state_) state_->on_stop(std::move(f));
}
void pending_step::beat(std::string progress) const {
  if (state_) state_->beat(std::move(progress));
}
std::string_view pending_step::last_progress() const noexcept {
  return state_ ? std::string_view(state_->progress) : std::string_view();
}
bool pending_step::settle(std::string result) const noexcept {
  return state_ && state_->settle(std::move(result), nullptr);
}
bool pending_step::settle(std::exception_ptr error) const noexcept {
  if (!error)
    error = detail::to_exception([] {
      return stet::error(errc::usage, "reject", "a completion was rejected without an exception");
    });
  return state_ && state_->settle({}, std::move(error));
}
bool pending_step::settle_unencodable() const noexcept {
  try {
    detail::throw_unencodable();
  } catch (...) { return settle(std::current_exception()); }
}

}}  // namespace stet::v0
