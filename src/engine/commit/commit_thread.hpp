// A thread that writes a sealed block while the loop fills the next.
#pragma once
#include <atomic>
#include <exception>
#include <functional>
#include <thread>

#include "port/mutex.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// One job at a time. Thread: start, submit, wait and stop are for the loop; the thread itself
/// calls `told`.
class commit_thread {
 public:
  commit_thread() = default;
  commit_thread(const commit_thread&) = delete;
  commit_thread& operator=(const commit_thread&) = delete;
  ~commit_thread() { stop(); }

  void start(std::function<void()> told);
  bool started() const noexcept { return thread_.joinable(); }
  void submit(std::function<void()> job);
  /// The job has ended; wait() returns at once.
  bool done() const noexcept { return done_.load(); }
  /// Waits until the job has ended. Returns what it threw.
  std::exception_ptr wait() noexcept;
  void stop() noexcept;
  /// In a forked child, where the thread doesn't exist.
  void leak() noexcept;

 private:
  void serve() noexcept;
  std::function<void()> told_;  // set before the thread begins
  port::mutex mutex_;
  port::condition changed_;
  std::function<void()> job_ STET_GUARDED_BY(mutex_);
  std::exception_ptr error_ STET_GUARDED_BY(mutex_);
  bool stopping_ STET_GUARDED_BY(mutex_) = false;
  std::atomic<bool> done_{false};
  std::thread thread_;
};

}  // namespace detail
}}  // namespace stet::v0
