// Threads that run the bodies of steps.
//
// The pool is made for a number of bodies that run at once. A body that waits for a run lends its
// thread: it isn't counted meanwhile, and another thread takes its place. The threads that are made
// for that stay, and wait for work.
#pragma once
#include <thread>
#include <vector>

#include <stet/environment.hpp>

#include "port/mutex.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// How many bodies of an engine may wait for its runs at once.
inline constexpr std::size_t lent_threads_max = 256;
/// If no body can begin on the threads of another executor for this long, that is reported.
inline constexpr std::int64_t starved_ms = 1000;

class pool final : public executor {
 public:
  explicit pool(unsigned threads);
  ~pool() override;
  void submit(work* first) noexcept override;
  work* stop() noexcept override;
  /// The same, but doesn't wait: bodies may still run. The pool must not be destroyed.
  work* leave() noexcept;
  /// The body on this thread, which is one of the pool's, is about to wait. Returns false if as
  /// many bodies wait as may, or if no thread can be made in its place.
  bool lend() noexcept;
  /// The body waits no longer.
  void give_back() noexcept;

 private:
  void serve() noexcept;
  /// The work that hasn't begun, and the threads, which end as soon as they can.
  struct rest {
    work* first;
    std::vector<std::thread> threads;
  };
  rest take_all() noexcept STET_EXCLUDES(mutex_);
  const std::size_t size_;  // how many bodies run at once
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
