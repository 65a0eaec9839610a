// The threads on which bodies of steps run: the engine's own pool, the host's executor, or none.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <tuple>
#include <utility>

#include "engine/bodies/pool.hpp"
#include "engine/services/services.hpp"
#include "engine/time/engine_clock.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the loop's, unless a function says otherwise.
class body_threads {
 public:
  /// `wake` wakes the loop: it is called on another thread when there is something to report.
  explicit body_threads(services& s, std::function<void()> wake = {})
      : services_(s), wake_(std::move(wake)), executor_(s.options.executor) {}

  /// Makes the engine's own threads, if the host has given no executor and the engine has a loop.
  void start();
  /// Returns false if bodies run on the loop's thread.
  bool exist() const noexcept { return executor_ != nullptr; }
  void submit(work* first) noexcept { executor_->submit(first); }
  /// Returns the attempts that had not begun, as a chain. `leaves_bodies`: doesn't wait for bodies
  /// that run.
  work* stop(bool leaves_bodies);
  /// How much work waits for a thread of the engine's own.
  std::size_t queued() const noexcept { return own_ ? own_->waiting() : 0; }
  /// Whether the engine's own threads are all busy while work waits, and that wasn't taken yet.
  bool is_full() const noexcept { return is_full_.load(); }
  bool take_full() noexcept { return is_full_.exchange(false); }
  /// In a forked child, where these threads don't exist.
  void leak() noexcept { std::ignore = own_.release(); }

  /// Any thread: the body on it is about to wait for a run. Returns false if as many bodies wait as
  /// may.
  bool lend() noexcept { return !own_ || own_->lend(); }
  void give_back() noexcept {
    if (own_) own_->give_back();
  }
  /// Reports once that this many bodies wait, if there are no more threads than that.
  void tell_of_waiting(std::size_t bodies);
  /// Any thread: whether the bodies that run are counted, since these threads may be too few. The
  /// engine's own pool makes more threads.
  bool may_starve() const noexcept { return !own_; }
  /// Whether every body that has begun waits for a run of this engine, while others wait for a
  /// thread. How many threads the host's executor has is not known.
  bool starve() const noexcept;
  /// Reports starvation when it has lasted for a moment.
  void watch(engine_clock& c);

  std::size_t outstanding = 0;  // attempts that the executor has
  // Bodies that run on its threads (if they may starve), and how many wait for runs of this engine.
  // Any thread.
  std::atomic<std::size_t> running{0}, waiting{0};

 private:
  services& services_;
  std::function<void()> wake_;
  std::atomic<bool> is_full_{false};
  std::unique_ptr<pool> own_;
  executor* executor_;
  std::atomic<bool> told_of_waiting_{false};
  std::int64_t starved_since_ = -1;  // ms, steady; -1 if they don't starve
};

}}}  // namespace stet::v0::detail
