// A number for each thread, for a choice among places that threads had better not share: then each
// thread has the same one every time, and no other thread's cache lines are touched.
#pragma once
#include <atomic>

namespace stet { inline namespace v0 { namespace detail {

/// Returns the number of this thread: they are counted up, in the order in which threads ask first,
/// and no number is given again.
inline unsigned thread_number() noexcept {
  static std::atomic<unsigned> threads{0};
  thread_local const unsigned mine = threads.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

}}}  // namespace stet::v0::detail
