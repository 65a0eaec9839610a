#include "engine/bodies/bodies.hpp"

#include <utility>

namespace stet { inline namespace v0 { namespace detail {

void bodies::returned(attempt& a) noexcept {
  if (thread.is_here()) {
    inline_returned.push(a);
    return;
  }
  returned_.push(a);
  calls.wake_if_asleep();
}

void bodies::heartbeat(attempt& a, std::string progress) {
  a.beat.store(steady_ms(), std::memory_order_relaxed);
  if (calls.has_failed()) return;
  {
    port::lock_guard lock(mutex_);
    heartbeats_.insert_or_assign({a.order.run, a.order.command, a.order.number},
                                 std::move(progress));
  }
  calls.wake_if_asleep();
}

bool bodies::has_something() const {
  if (has_returned()) return true;
  port::lock_guard lock(mutex_);
  return !heartbeats_.empty();
}

attempt_row bodies::take_from_threads() noexcept {
  attempt_row row;
  returned_.take([&](attempt& a) {
    if (!a.later && threads.outstanding > 0) --threads.outstanding;  // 0 after a close with a limit
    row.push_front(a);
  });
  return row;
}

heartbeats bodies::take_heartbeats() {
  port::lock_guard lock(mutex_);
  return std::exchange(heartbeats_, {});
}

}}}  // namespace stet::v0::detail
