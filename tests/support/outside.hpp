// Helpers for tests of non-blocking steps: an outside world that keeps completions, an event loop,
// and ways to wait for a thread of the test under a clock that only the test moves.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "world.hpp"

namespace stet_tests {

/// The completions that the outside world has to resolve. It outlives every engine.
template <class R> class outside {
 public:
  void take(stet::completion<R> done) {
    std::lock_guard lock(mutex_);
    pending_.push_back(std::move(done));
    ++taken_;
  }
  std::size_t taken() const { return taken_; }
  std::optional<stet::completion<R>> next() {
    std::lock_guard lock(mutex_);
    if (pending_.empty()) return std::nullopt;
    auto done = std::move(pending_.front());
    pending_.pop_front();
    return done;
  }
  std::vector<stet::completion<R>> all() {
    std::lock_guard lock(mutex_);
    std::vector<stet::completion<R>> got(pending_.begin(), pending_.end());
    pending_.clear();
    return got;
  }

 private:
  std::mutex mutex_;
  std::deque<stet::completion<R>> pending_;
  std::atomic<std::size_t> taken_{0};
};

/// A thread that completes a step a moment after it began, like an event loop.
class event_loop {
 public:
  event_loop() : thread_([this] { serve(); }) {}
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;
  ~event_loop() {
    {
      std::lock_guard lock(mutex_);
      over_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  void post(std::function<void()> f) {
    std::lock_guard lock(mutex_);
    work_.push_back(std::move(f));
    wake_.notify_one();
  }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return over_ || !work_.empty(); });
      if (work_.empty()) return;
      auto f = std::move(work_.front());
      work_.pop_front();
      lock.unlock();
      std::this_thread::yield();
      f();
      f = nullptr;
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> work_;
  bool over_ = false;
  std::thread thread_;
};

inline void idle(world& w) {
  for (int i = 0; i < 20; ++i) w.poke();
}

/// Waits, and turns a manual engine meanwhile.
inline void until(world& w, const std::function<bool()>& happened) {
  for (int i = 0; i < 5000 && !happened(); ++i) {
    if (w.where.threads == 0) w.engine().run_until_idle();
    else w.poke();
    std::this_thread::sleep_for(1ms);
  }
  REQUIRE(happened());
}

/// Like world::result, for a result that comes from a thread of the test: a manual engine waits by
/// a clock that only the test moves.
template <class R> R result_of(world& w, const stet::run_handle<R>& run) {
  for (int i = 0; i < 5000 && run.status() == stet::status::running; ++i) {
    if (w.where.threads == 0) w.finish();
    else return w.result(run);
    std::this_thread::sleep_for(1ms);
  }
  REQUIRE(run.status() != stet::status::running);
  return run.result();
}
template <class R, class... A>
R run_to_end(world& w, const stet::workflow<R(A...)>& name, std::string_view id,
             std::type_identity_t<A>... a) {
  return result_of(w, w.engine().start(name, id, std::move(a)...));
}

}  // namespace stet_tests
