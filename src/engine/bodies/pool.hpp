// Threads that run the bodies of steps.
//
// The pool has a width: how many bodies run at once. It begins at `least`. If work waits and the
// bodies that run aren't short ones, more threads are made, up to `most`; when they have not been
// needed for a while, they end. A thread of the pool's own (the keeper) decides that. It sleeps as
// long as nothing waits and the width is `least`.
//
// A body that waits for a run lends its thread: it isn't counted meanwhile, and another thread
// takes its place.
//
// A thread that is awake takes one work after the other from the front, without the lock. It needs
// the lock when the front has to be filled anew from the queue, and when it is to stop.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include <stet/environment.hpp>

#include "engine/bodies/work_front.hpp"
#include "engine/bodies/work_queue.hpp"
#include "port/mutex.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// How many bodies of an engine may wait for its runs at once.
inline constexpr std::size_t lent_threads_max = 256;
/// If no body can begin on the threads of another executor for this long, that is reported.
inline constexpr std::int64_t starved_ms = 1000;

/// How many threads a pool has, and how fast that changes.
struct pool_size {
  std::size_t least = 1, most = 1;
  std::chrono::milliseconds patience{5};     // work waits this long before more threads are made
  std::chrono::milliseconds rest{5000};      // threads that weren't needed for this long end
  std::chrono::milliseconds full_for{1000};  // it can't be widened: then the pool says it is full
  std::chrono::milliseconds again_after{61'000};  // it still is: then the pool says so again
};

class pool final : public executor {
 public:
  /// `is_full` is called on a thread of the pool, without its lock, when work waits though there
  /// are as many threads as may be, or as can be made. It is called again after a while as long as
  /// work waits.
  explicit pool(pool_size size, std::function<void()> is_full = {});
  ~pool() override;
  /// Takes a chain of ranked_work.
  void submit(work* first) noexcept override;
  work* stop() noexcept override;
  /// The same, but doesn't wait: bodies may still run. The pool must not be destroyed.
  work* leave() noexcept;
  /// The body on this thread, which is one of the pool's, is about to wait. Returns false if as
  /// many bodies wait as may, or if no thread can be made in its place.
  bool lend() noexcept;
  /// The body waits no longer.
  void give_back() noexcept;
  /// How many threads there are for bodies that don't lend theirs.
  std::size_t width() const noexcept;
  /// How much work waits for a thread.
  std::size_t waiting() const noexcept;

 private:
  using moment = std::chrono::steady_clock::time_point;
  /// The keeper's notes of its last look.
  struct last_look {
    std::optional<moment> waits_since;  // work has waited all the time since; begun: until then
    std::uint64_t begun = 0, emptied = 0;
    std::optional<moment> full_since, narrows_at;
    moment tell_at;  // that the pool is full
  };
  /// The work that hasn't begun, and the threads, which end as soon as they can.
  struct rest {
    work* first;
    std::vector<std::thread> threads;
  };
  void serve() noexcept;
  void keep() noexcept;
  bool look(last_look& before, moment now) noexcept STET_REQUIRES(mutex_);
  bool waits_too_long(last_look& before, moment now) const noexcept STET_REQUIRES(mutex_);
  bool widen() noexcept STET_REQUIRES(mutex_);
  void narrow(last_look& before, moment now) noexcept STET_REQUIRES(mutex_);
  bool add_thread() noexcept STET_REQUIRES(mutex_);
  void leave_list() noexcept STET_REQUIRES(mutex_);
  /// Threads that aren't lent.
  std::size_t own() const noexcept STET_REQUIRES(mutex_) { return threads_.size() - lent_; }
  bool is_wide() const noexcept STET_REQUIRES(mutex_) {
    return width_ > size_.least || own() > size_.least + 1;
  }
  rest take_all() noexcept STET_EXCLUDES(mutex_);
  /// How much work hasn't begun.
  std::size_t queued() const noexcept STET_REQUIRES(mutex_) {
    return front_.size() + queue_.size();
  }
  /// After `busy_`, `width_` or `stopping_` has changed.
  void look_for_crowd() noexcept STET_REQUIRES(mutex_) {
    are_too_many_.store(stopping_ || busy_ > width_, std::memory_order_relaxed);
  }

  const pool_size size_;
  const std::function<void()> is_full_;
  mutable port::mutex mutex_;
  port::condition wake_, wake_keeper_;
  work_queue queue_ STET_GUARDED_BY(mutex_);
  work_front front_;                       // filled under the lock
  std::atomic<bool> are_too_many_{false};  // written under the lock: busy threads are to look at it
  std::size_t width_ STET_GUARDED_BY(mutex_);
  std::size_t kept_ STET_GUARDED_BY(mutex_) = SIZE_MAX;  // threads beyond these end when idle
  std::size_t busy_ STET_GUARDED_BY(mutex_) = 0;
  std::size_t busiest_ STET_GUARDED_BY(mutex_) = 0;  // since the width was last looked at
  std::size_t lent_ STET_GUARDED_BY(mutex_) = 0;
  std::size_t idle_ STET_GUARDED_BY(mutex_) = 0;
  std::uint64_t emptied_ STET_GUARDED_BY(mutex_) = 0;  // how often work came when none waited
  bool keeper_rests_ STET_GUARDED_BY(mutex_) = false;
  bool stopping_ STET_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_ STET_GUARDED_BY(mutex_);
  std::vector<std::thread> ended_ STET_GUARDED_BY(mutex_);  // to be joined
  std::thread keeper_;
};

}  // namespace detail
}}  // namespace stet::v0
