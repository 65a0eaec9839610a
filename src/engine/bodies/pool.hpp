// Threads that run the bodies of steps.
//
// So many bodies run at once as the pool has been made for. One that waits for what other bodies
// may have to bring lends its thread: it doesn't count meanwhile, and another thread is there in
// its place. Threads that were made so stay, and wait for their turn.
#pragma once
#include <thread>
#include <vector>

#include <stet/environment.hpp>

#include "port/mutex.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Bodies of an engine that may wait for its runs at once.
inline constexpr std::size_t lent_threads_max = 256;
/// So long no body can begin, on threads of another executor, before that is told.
inline constexpr std::int64_t starved_ms = 1000;

class pool final : public executor {
 public:
  explicit pool(unsigned threads);
  ~pool() override;
  void submit(work* first) noexcept override;
  work* stop() noexcept override;
  /// The same without waiting: bodies may still run. The pool must stay.
  work* leave() noexcept;
  /// The body on this thread, one of the pool's, is about to wait. False: as many do as may, or no
  /// thread can be made in its place.
  bool lend() noexcept;
  /// It waits no longer.
  void give_back() noexcept;

 private:
  void serve() noexcept;
  /// What nobody has begun, and the threads, which end as soon as they can.
  struct rest {
    work* first;
    std::vector<std::thread> threads;
  };
  rest take_all() noexcept STET_EXCLUDES(mutex_);
  const std::size_t size_;  // bodies that run at once
  port::mutex mutex_;
  port::condition wake_;
  work* first_ STET_GUARDED_BY(mutex_) = nullptr;
  work* last_ STET_GUARDED_BY(mutex_) = nullptr;
  std::size_t busy_ STET_GUARDED_BY(mutex_) = 0;
  std::size_t lent_ STET_GUARDED_BY(mutex_) = 0;
  unsigned idle_ STET_GUARDED_BY(mutex_) = 0;
  bool stopping_ STET_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_ STET_GUARDED_BY(mutex_);
};

}  // namespace detail
}}  // namespace stet::v0
