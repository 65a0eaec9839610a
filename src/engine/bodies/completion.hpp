// What the handles of a completion share with their attempt. Outlives both, and the engine.
//
// Invariants:
//  - the attempt is touched only under the lock, and only until `settled_`; whoever settles first
//    has it;
//  - an attempt goes back to the engine when its body has returned and it is settled, by whoever
//    brings the second of these;
//  - ~attempt takes the lock (let_go), so the engine is there as long as anybody is inside.
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
  /// Held by the attempt.
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
  /// Before the body is called.
  void begins(const attempt& a);
  /// False: it is pending, and the attempt may be gone. True: it goes back to the engine now.
  bool body_returned(std::exception_ptr thrown) noexcept;

  // ------------------------------------------------------------ the loop's
  void ask_to_stop() noexcept;
  /// The body has returned, and nobody has ended the attempt.
  bool is_pending() noexcept;
  /// If it is pending: a suspect that has come through its trial. False: it isn't pending.
  bool clear_suspect() noexcept;
  /// Nobody waits for it any more. True if it was pending: it is the loop's now.
  bool give_up() noexcept;
  /// Ends the attempt's hold.
  void let_go() noexcept;
  /// In a forked child, which has no other thread: the attempt is leaked. Takes no lock, since a
  /// thread that was left in the parent may have had it.
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
  // Null when it is gone.
  attempt* attempt_ STET_GUARDED_BY(mutex_) STET_PT_GUARDED_BY(mutex_);
  // Held as long as there is a handle: what the body began may refer to its arguments.
  request* body_;
  std::unique_ptr<stop_callback> on_stop_ STET_GUARDED_BY(mutex_);
  bool body_left_ STET_GUARDED_BY(mutex_) = false;
  bool settled_ STET_GUARDED_BY(mutex_) = false;
  bool dropped_ STET_GUARDED_BY(mutex_) = false;  // while the body ran
  std::atomic<bool> stop_{false};
  std::atomic<std::uint32_t> handles_{0};     // hold one reference together
  std::atomic<std::uint32_t> references_{1};  // that, and the attempt's
};

}  // namespace detail
}}  // namespace stet::v0
