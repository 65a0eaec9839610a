// A lock for many readers or one writer, in which the writer gets its turn.
#pragma once
#include "port/mutex.hpp"

namespace stet { inline namespace v0 { namespace backend {

/// Like std::shared_mutex, but overlapping readers can't keep a writer out for ever, because
/// readers and writers queue first. For port::lock_guard and port::shared_guard.
class STET_LOCK fair_shared_mutex {
 public:
  void lock() STET_ACQUIRE() {
    port::lock_guard queue(turnstile_);
    mutex_.lock();
  }
  void unlock() STET_RELEASE() { mutex_.unlock(); }
  void lock_shared() STET_ACQUIRE_SHARED() {
    port::lock_guard queue(turnstile_);
    mutex_.lock_shared();
  }
  void unlock_shared() STET_RELEASE_SHARED() { mutex_.unlock_shared(); }

 private:
  port::mutex turnstile_;
  port::shared_mutex mutex_;
};

}  // namespace backend
}  // namespace v0
}  // namespace stet
