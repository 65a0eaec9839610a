// How other threads reach the loop: the calls that wait to be performed, the wake-up, and whether
// the engine is closed or has failed.
#pragma once
#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <vector>

#include "engine/door/call.hpp"
#include "engine/services/failures.hpp"
#include "port/mutex.hpp"

namespace stet { inline namespace v0 { namespace detail {

class inbox {
 public:
  // ------------------------------------------------------------ any thread
  /// Has the loop perform the call. Throws errc::closed, or why the engine has failed.
  void post(call& c);
  void wake() noexcept;
  void wake_if_asleep() noexcept {
    if (asleep_) wake();
  }
  /// Whether a close has begun: then bodies should return.
  bool is_closing() const noexcept { return closing_; }
  bool has_failed() const noexcept { return has_failed_; }
  bool is_over() const noexcept { return closing_ || has_failed_; }
  /// Throws errc::closed if a close has begun, or why the engine has failed.
  void throw_if_over() const;
  /// Returns false if a close has begun before.
  bool begin_close();

  // ------------------------------------------------------------ the loop's
  /// Notes why the engine has failed. From then on no call is taken.
  void fail(const std::exception_ptr& why) noexcept;
  bool has_calls() const;
  /// Takes the calls that have come. Returns whether there were any.
  bool take();
  /// The next of the calls that were taken; null after the last one.
  call* next() noexcept;
  /// A call that was performed is performed again.
  void post_again(call& c);
  /// Sleeps until `end`, or until a call or a wake-up comes. `has_work` is asked when other threads
  /// would already wake the loop, so no work is missed; if it returns true the loop doesn't sleep.
  template <class F> void sleep_until(std::chrono::steady_clock::time_point end, F has_work) {
    port::unique_lock lock(mutex_);
    asleep_ = true;
    if (calls_.empty() && !has_work())
      while (!woken_ && !closing_ && wake_.wait_until(lock, end)) {}
    woken_ = false;
    asleep_ = false;
  }
  /// Gives this error to every call that isn't done.
  void fail_all(const std::exception_ptr& why) noexcept;
  /// Gives this error to the calls that `is_meant` chooses, apart from the one that is being
  /// performed. `forget` first takes such a call from whatever keeps it.
  template <class P, class F>
  void fail_some(const std::exception_ptr& why, P is_meant, F forget) noexcept {
    fail_waiting(why, is_meant);
    for (call* following = open_; auto* c = following;) {
      following = c->next();
      if (c == performed_ || !is_meant(*c)) continue;
      std::replace(taken_.begin(), taken_.end(), c, static_cast<call*>(nullptr));
      forget(*c);
      c->done(own_copy(why));
    }
  }

 private:
  void wake_it() noexcept STET_REQUIRES(mutex_);
  template <class P>
  void fail_waiting(const std::exception_ptr& why, P is_meant) noexcept STET_EXCLUDES(mutex_) {
    port::lock_guard lock(mutex_);
    std::erase_if(calls_, [&](call* c) {
      if (!is_meant(*c)) return false;
      c->done(own_copy(why));
      return true;
    });
  }

  mutable port::mutex mutex_;
  port::condition wake_;
  std::vector<call*> calls_ STET_GUARDED_BY(mutex_);
  bool woken_ STET_GUARDED_BY(mutex_) = false;
  std::exception_ptr failed_ STET_GUARDED_BY(mutex_);
  std::atomic<bool> closing_{false}, has_failed_{false};  // written under the lock
  std::atomic<bool> asleep_{false};  // and not woken yet; written under the lock
  // For the loop only:
  call* open_ = nullptr;       // all calls that were taken, and aren't done
  std::vector<call*> taken_;   // calls of this turn; null: has failed meanwhile
  std::size_t taken_at_ = 0;   // the next of them
  call* performed_ = nullptr;  // the call that is being performed
};

}}}  // namespace stet::v0::detail
