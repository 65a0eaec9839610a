#include "engine/bodies/body_threads.hpp"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr unsigned least_threads = 4;

}  // namespace

void body_threads::start() {
  if (executor_ || services_.is_manual()) return;
  const std::size_t most = services_.options.threads;
  const std::size_t at_once = std::max(least_threads, std::thread::hardware_concurrency());
  own_ = std::make_unique<pool>(pool_size{.least = std::min(at_once, most), .most = most}, [this] {
    is_full_ = true;
    if (wake_) wake_();
  });
  executor_ = own_.get();
}

/// The host's threads can't be abandoned: when they come to the attempts that wait there, these
/// have been revoked.
work* body_threads::stop(bool leaves_bodies) {
  auto* all = std::exchange(executor_, nullptr);
  if (!all) return nullptr;
  if (!leaves_bodies) return all->stop();
  outstanding = 0;
  return own_ ? own_->leave() : nullptr;
}

void body_threads::tell_of_waiting(std::size_t bodies) {
  if (!own_ || bodies < services_.options.threads || told_of_waiting_.exchange(true)) return;
  services_.reporter.report(
      event_kind::threads_waiting,
      std::to_string(bodies) +
          " bodies of steps, as many as there are threads for them, wait for runs of this engine: "
          "more threads are made, " +
          std::to_string(lent_threads_max) +
          " at most. A workflow that waits for a run with ctx.child needs none");
}

bool body_threads::starve() const noexcept {
  auto waits = waiting.load();
  if (waits == 0 || !may_starve()) return false;
  auto runs = running.load();
  return waits >= runs && outstanding > runs;
}

void body_threads::watch(engine_clock& c) {
  if (!starve()) {
    starved_since_ = -1;
    return;
  }
  const auto now = c.steady();
  if (starved_since_ < 0) starved_since_ = now;
  if (now - starved_since_ < starved_ms || told_of_waiting_.exchange(true)) return;
  services_.reporter.report(
      event_kind::threads_waiting,
      "all bodies of steps that have begun, " + std::to_string(waiting.load()) +
          ", wait for runs of this engine, and " + std::to_string(outstanding - running.load()) +
          " more wait for a thread of the executor: if it has no more threads, none of them ever "
          "ends. A workflow that waits for a run with ctx.child needs none");
}

}}}  // namespace stet::v0::detail
