#include "engine/commit/commit_thread.hpp"

#include <new>
#include <utility>

namespace stet { inline namespace v0 { namespace detail {

void commit_thread::start(std::function<void()> told) {
  told_ = std::move(told);
  thread_ = std::thread([this] { serve(); });
}

void commit_thread::submit(std::function<void()> job) {
  port::lock_guard lock(mutex_);
  done_ = false;
  error_ = nullptr;
  job_ = std::move(job);
  changed_.notify_all();
}

std::exception_ptr commit_thread::wait() noexcept {
  port::unique_lock lock(mutex_);
  while (!done_) changed_.wait(lock);
  return std::exchange(error_, nullptr);
}

void commit_thread::stop() noexcept {
  {
    port::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void commit_thread::leak() noexcept {
  if (thread_.joinable()) new (std::nothrow) std::thread(std::move(thread_));
}

void commit_thread::serve() noexcept {
  port::unique_lock lock(mutex_);
  for (;;) {
    while (!job_ && !stopping_) changed_.wait(lock);
    if (!job_) return;
    auto job = std::exchange(job_, nullptr);
    lock.unlock();
    std::exception_ptr error;
    try {
      job();
    } catch (...) { error = std::current_exception(); }
    lock.lock();
    error_ = std::move(error);
    done_ = true;
    changed_.notify_all();
    lock.unlock();
    told_();
    lock.lock();
  }
}

}  // namespace detail
}}  // namespace stet::v0
