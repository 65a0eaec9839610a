// Locks of the standard library that Clang's thread-safety analysis understands: using a field that
// a lock guards without that lock is an error. Other compilers ignore the attributes.
//
//   port::mutex mutex_;
//   int count_ STET_GUARDED_BY(mutex_) = 0;
//   void add() STET_REQUIRES(mutex_) { ++count_; }
#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>

#if defined(__clang__)
#define STET_THREAD_SAFETY(attribute) __attribute__((attribute))
#else
#define STET_THREAD_SAFETY(attribute)
#endif

/// On a class: a lock. On a class whose objects hold a lock until they are destroyed: a scope.
#define STET_LOCK STET_THREAD_SAFETY(capability("mutex"))
#define STET_LOCK_SCOPE STET_THREAD_SAFETY(scoped_lockable)
/// On a field: it is read only under this lock, and changed only under the exclusive lock.
#define STET_GUARDED_BY(lock) STET_THREAD_SAFETY(guarded_by(lock))
/// On a pointer: the same for the object to which it points.
#define STET_PT_GUARDED_BY(lock) STET_THREAD_SAFETY(pt_guarded_by(lock))
/// On a function: its caller has the lock, and still has it afterwards.
#define STET_REQUIRES(...) STET_THREAD_SAFETY(requires_capability(__VA_ARGS__))
#define STET_REQUIRES_SHARED(...) STET_THREAD_SAFETY(requires_shared_capability(__VA_ARGS__))
/// On a function: its caller doesn't have the lock; the function takes it.
#define STET_EXCLUDES(...) STET_THREAD_SAFETY(locks_excluded(__VA_ARGS__))
/// On a function: it takes the lock, or gives it back. Without an argument it means the object's
/// own.
#define STET_ACQUIRE(...) STET_THREAD_SAFETY(acquire_capability(__VA_ARGS__))
#define STET_ACQUIRE_SHARED(...) STET_THREAD_SAFETY(acquire_shared_capability(__VA_ARGS__))
#define STET_TRY_ACQUIRE(...) STET_THREAD_SAFETY(try_acquire_capability(__VA_ARGS__))
#define STET_RELEASE(...) STET_THREAD_SAFETY(release_capability(__VA_ARGS__))
#define STET_RELEASE_SHARED(...) STET_THREAD_SAFETY(release_shared_capability(__VA_ARGS__))
/// On a function that is right for a reason that the analysis can't see; a comment gives the
/// reason.
#define STET_NO_THREAD_SAFETY_ANALYSIS STET_THREAD_SAFETY(no_thread_safety_analysis)

namespace stet { inline namespace v0 { namespace port {

/// std::mutex.
class STET_LOCK mutex {
 public:
  void lock() STET_ACQUIRE() { mutex_.lock(); }
  bool try_lock() STET_TRY_ACQUIRE(true) { return mutex_.try_lock(); }
  void unlock() STET_RELEASE() { mutex_.unlock(); }

 private:
  friend class unique_lock;
  std::mutex mutex_;
};

/// std::shared_mutex.
class STET_LOCK shared_mutex {
 public:
  void lock() STET_ACQUIRE() { mutex_.lock(); }
  void unlock() STET_RELEASE() { mutex_.unlock(); }
  void lock_shared() STET_ACQUIRE_SHARED() { mutex_.lock_shared(); }
  void unlock_shared() STET_RELEASE_SHARED() { mutex_.unlock_shared(); }

 private:
  std::shared_mutex mutex_;
};

/// std::lock_guard, for any lock here.
template <class Lock> class STET_LOCK_SCOPE lock_guard {
 public:
  explicit lock_guard(Lock& l) STET_ACQUIRE(l) : lock_(l) { lock_.lock(); }
  /// The caller has the lock; the destructor gives it back.
  lock_guard(Lock& l, std::adopt_lock_t) STET_REQUIRES(l) : lock_(l) {}
  lock_guard(const lock_guard&) = delete;
  lock_guard& operator=(const lock_guard&) = delete;
  ~lock_guard() STET_RELEASE() { lock_.unlock(); }

 private:
  Lock& lock_;
};

/// The same for readers, who share the lock.
template <class Lock> class STET_LOCK_SCOPE shared_guard {
 public:
  explicit shared_guard(Lock& l) STET_ACQUIRE_SHARED(l) : lock_(l) { lock_.lock_shared(); }
  shared_guard(const shared_guard&) = delete;
  shared_guard& operator=(const shared_guard&) = delete;
  ~shared_guard() STET_RELEASE() { lock_.unlock_shared(); }

 private:
  Lock& lock_;
};

/// std::unique_lock of a mutex. It may be given back and taken again, and a condition waits with
/// it.
class STET_LOCK_SCOPE unique_lock {
 public:
  explicit unique_lock(mutex& m) STET_ACQUIRE(m) : lock_(m.mutex_) {}
  unique_lock(const unique_lock&) = delete;
  unique_lock& operator=(const unique_lock&) = delete;
  ~unique_lock() STET_RELEASE() {}
  void lock() STET_ACQUIRE() { lock_.lock(); }
  void unlock() STET_RELEASE() { lock_.unlock(); }

 private:
  friend class condition;
  std::unique_lock<std::mutex> lock_;
};

/// std::condition_variable. Its functions take no predicates, which the analysis can't follow:
/// callers wait in loops.
class condition {
 public:
  void wait(unique_lock& l) { condition_.wait(l.lock_); }
  /// Returns false if `end` has passed.
  bool wait_until(unique_lock& l, std::chrono::steady_clock::time_point end) {
    return condition_.wait_until(l.lock_, end) == std::cv_status::no_timeout;
  }
  void notify_one() noexcept { condition_.notify_one(); }
  void notify_all() noexcept { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}}}  // namespace stet::v0::port
