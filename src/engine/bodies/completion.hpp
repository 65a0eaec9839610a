// The state that the handles of a completion share with their attempt. It outlives both, and the
// engine.
//
// Invariants:
//  - the attempt is touched only under the lock, and only until `settled_`; the thread that settles
//    first owns it;
//  - an attempt goes back to the engine when its body has returned and it is settled; the thread
//    that does the second of these hands it back;
//  - ~attempt takes the lock (let_go), so the engine exists as long as a thread is inside.
#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>

#include <stet/completion.hpp>
#include <stet/scope.hpp>

#include "port/mutex.hpp"

namespace stet { inline namespace v0 { namespace detail {

class attempt;

class completion_state {
 public:
  /// The attempt holds a reference to it.
  explicit completion_state(attempt& a) noexcept;
  completion_state(const completion_state&) = delete;
  completion_state& operator=(const completion_state&) = delete;

  // ------------------------------------------------------------ the handles', any thread
  void hold() noexcept;
  void drop() noexcept;
  bool settle(std::string result, std::exception_ptr error) noexcept;
  void on_stop(std::unique_ptr<stop_callback> f) noexcept;
  void beat(std::string progress);
  bool is_asked_to_stop() const noexcept { return stop_.load(std::memory_order_relaxed); }

  // ------------------------------------------------------------ the body's thread
  /// Called before the body is.
  void begins(const attempt& a);
  /// Returns true if the attempt goes back to the engine now. Returns false if it is pending; then
  /// the attempt may be gone already.
  bool body_returned(std::exception_ptr thrown) noexcept;

  // ------------------------------------------------------------ the loop's
  void ask_to_stop() noexcept;
  /// Whether the body has returned, and nothing has ended the attempt.
  bool is_pending() noexcept;
  /// A suspect that is pending has come through its trial. Returns false if it isn't pending.
  bool clear_suspect() noexcept;
  /// Nothing waits for the completion any more. Returns true if it was pending: then the attempt is
  /// the loop's again.
  bool give_up() noexcept;
  /// Drops the attempt's reference.
  void let_go() noexcept;
  /// In a forked child, which has no other thread, the attempt is leaked. Takes no lock: a thread
  /// that exists only in the parent may hold it.
  void orphan() noexcept STET_NO_THREAD_SAFETY_ANALYSIS {
    attempt_ = nullptr;
    settled_ = true;
  }

  // Set by begins().
  unsigned number = 0;
  std::string key, progress;

 private:
  ~completion_state() { body_->drop(); }
  void unref() noexcept;

  port::mutex mutex_;
  // Null when the attempt is gone.
  attempt* attempt_ STET_GUARDED_BY(mutex_) STET_PT_GUARDED_BY(mutex_);
  // Held as long as there is a handle, since what the body began may refer to its arguments.
  request* body_;
  std::unique_ptr<stop_callback> on_stop_ STET_GUARDED_BY(mutex_);
  bool body_left_ STET_GUARDED_BY(mutex_) = false;
  bool settled_ STET_GUARDED_BY(mutex_) = false;
  bool dropped_ STET_GUARDED_BY(mutex_) = false;  // while the body ran
  std::atomic<bool> stop_{false};
  std::atomic<std::uint32_t> handles_{0};     // all handles together hold one reference
  std::atomic<std::uint32_t> references_{1};  // that one, and the attempt's
};

}  // namespace detail
}}  // namespace stet::v0
