#include "engine/door/inbox.hpp"

#include <utility>

#include <stet/error.hpp>

namespace stet { inline namespace v0 { namespace detail {

void inbox::post(call& c) {
  port::lock_guard lock(mutex_);
  if (failed_) std::rethrow_exception(own_copy(failed_));
  if (closing_) throw error(errc::closed, "engine", "the engine is closed");
  calls_.push_back(&c);
  if (asleep_) wake_it();
}

void inbox::wake() noexcept {
  port::lock_guard lock(mutex_);
  wake_it();
}

/// The loop may need a while to wake up. Until it sleeps again it isn't woken once more: what comes
/// meanwhile is there when it looks.
void inbox::wake_it() noexcept {
  asleep_ = false;
  if (!std::exchange(woken_, true)) wake_.notify_one();
}

void inbox::throw_if_over() const {
  port::lock_guard lock(mutex_);
  if (failed_) std::rethrow_exception(own_copy(failed_));
  if (closing_) throw error(errc::closed, "engine", "the engine is closed");
}

bool inbox::begin_close() {
  port::lock_guard lock(mutex_);
  if (closing_) return false;
  closing_ = true;
  wake_.notify_one();
  return true;
}

void inbox::fail(const std::exception_ptr& why) noexcept {
  port::lock_guard lock(mutex_);
  failed_ = why;
  has_failed_ = true;
}

bool inbox::has_calls() const {
  port::lock_guard lock(mutex_);
  return !calls_.empty();
}

bool inbox::take() {
  {
    port::lock_guard lock(mutex_);
    taken_.swap(calls_);
  }
  taken_at_ = 0;
  for (auto* c : taken_) c->join(open_);
  return !taken_.empty();
}

call* inbox::next() noexcept {
  while (taken_at_ < taken_.size())
    if ((performed_ = taken_[taken_at_++])) return performed_;
  performed_ = nullptr;
  taken_.clear();
  return nullptr;
}

void inbox::post_again(call& c) {
  port::lock_guard lock(mutex_);
  calls_.push_back(&c);  // before leave(): if it throws, the call is still among the open ones
  c.leave();
}

void inbox::fail_all(const std::exception_ptr& why) noexcept {
  std::vector<call*> calls;
  {
    port::lock_guard lock(mutex_);
    calls.swap(calls_);
  }
  for (auto* c : calls) c->done(own_copy(why));
  while (open_) open_->done(own_copy(why));
  taken_.clear();
}

}}}  // namespace stet::v0::detail
