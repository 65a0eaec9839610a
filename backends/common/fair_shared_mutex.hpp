// Many readers or one writer, and the writer gets its turn.
#pragma once
#include <mutex>
#include <shared_mutex>

namespace stet { inline namespace v0 { namespace backend {

/// std::shared_mutex, but readers that overlap for ever can't keep a writer out: everybody queues
/// first. For std::unique_lock and std::shared_lock.
class fair_shared_mutex {
 public:
  void lock() {
    std::lock_guard queue(turnstile_);
    mutex_.lock();
  }
  void unlock() { mutex_.unlock(); }
  void lock_shared() {
    std::lock_guard queue(turnstile_);
    mutex_.lock_shared();
  }
  void unlock_shared() { mutex_.unlock_shared(); }

 private:
  std::mutex turnstile_;
  std::shared_mutex mutex_;
};

}  // namespace backend
}  // namespace v0
}  // namespace stet
