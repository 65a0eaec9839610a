// The clock of the host, as the bodies of steps use it.
#pragma once
#include <cstdint>

#include <stet/environment.hpp>

#include "port/mutex.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: any. After leave() the host's clock isn't touched any more: bodies that are still
/// running after a close go on, and the owner of the clock may destroy it.
class body_clock {
 public:
  explicit body_clock(clock& c) noexcept : clock_(&c) {}

  /// The steady time, or the time that was read last if the host's clock was left.
  std::int64_t steady_ms() noexcept {
    port::lock_guard lock(mutex_);
    if (clock_) last_ = clock_->steady().count();
    return last_;
  }
  /// Waits for the threads that are reading the clock.
  void leave() noexcept {
    port::lock_guard lock(mutex_);
    clock_ = nullptr;
  }

 private:
  port::mutex mutex_;
  clock* clock_ STET_GUARDED_BY(mutex_);
  std::int64_t last_ STET_GUARDED_BY(mutex_) = 0;
};

}}}  // namespace stet::v0::detail
