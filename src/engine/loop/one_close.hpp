// An engine is closed once. A later call of close() waits for the end of that close.
#pragma once
#include <chrono>
#include <optional>

#include "port/mutex.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: any.
class one_close {
 public:
  /// While one lives the close is under way, even if it throws.
  class under_way {
   public:
    explicit under_way(one_close& c) noexcept : close_(c) {}
    under_way(const under_way&) = delete;
    under_way& operator=(const under_way&) = delete;
    ~under_way() { close_.ends(); }

   private:
    one_close& close_;
  };
  /// Waits for the end of the close. Returns false if `by` has passed first.
  bool wait(std::optional<std::chrono::steady_clock::time_point> by) {
    port::unique_lock lock(mutex_);
    while (!has_ended_) {
      if (!by) ended_.wait(lock);
      else if (!ended_.wait_until(lock, *by)) return has_ended_;
    }
    return true;
  }

 private:
  void ends() noexcept {
    port::lock_guard lock(mutex_);
    has_ended_ = true;
    ended_.notify_all();
  }

  port::mutex mutex_;
  port::condition ended_;
  bool has_ended_ STET_GUARDED_BY(mutex_) = false;
};

}}}  // namespace stet::v0::detail
