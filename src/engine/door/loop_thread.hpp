// Which thread is the engine's loop, whether it is inside the body of a step, and whether a close
// has abandoned it there.
#pragma once
#include <atomic>
#include <chrono>
#include <new>
#include <optional>
#include <thread>
#include <utility>

namespace stet { inline namespace v0 { namespace detail {

/// The loop enters a body that it runs itself, or that it has to wait for, and comes back when the
/// body has returned. A close with a limit may abandon the loop there: then it never comes back,
/// and the thread sleeps until the process ends. Thread: any.
class loop_thread {
 public:
  /// Makes the calling thread the loop for the time of a scope: the engine's own thread, or in
  /// manual mode the caller's.
  class as_loop {
   public:
    explicit as_loop(const loop_thread& t) noexcept;
    as_loop(const as_loop&) = delete;
    as_loop& operator=(const as_loop&) = delete;
    ~as_loop();

   private:
    const loop_thread* before_;
  };
  /// Marks the time in which the loop's thread is inside a body.
  class inside_body {
   public:
    explicit inside_body(loop_thread& t) noexcept : thread_(t) {
      t.at_.store(place::inside_body, std::memory_order_release);
    }
    inside_body(const inside_body&) = delete;
    inside_body& operator=(const inside_body&) = delete;
    ~inside_body() {
      auto expected = place::inside_body;
      if (thread_.at_.compare_exchange_strong(expected, place::loop)) return;
      for (;;) std::this_thread::sleep_for(std::chrono::hours(1));  // the engine has been closed
    }

   private:
    loop_thread& thread_;
  };

  /// Whether the calling thread is the loop at the moment.
  bool is_here() const noexcept;
  void start(std::thread t) noexcept { thread_ = std::move(t); }
  bool joinable() const noexcept { return thread_.joinable(); }
  /// Called by the loop at its end.
  void ends() noexcept { ended_ = true; }
  /// Waits for the end of the loop. Returns false if it is inside a body at the time `until`: then
  /// it is abandoned there for ever.
  bool join(std::optional<std::chrono::steady_clock::time_point> until) {
    while (until && !ended_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (std::chrono::steady_clock::now() < *until) continue;
      auto expected = place::inside_body;
      if (!at_.compare_exchange_strong(expected, place::left)) continue;
      thread_.detach();
      return false;
    }
    thread_.join();
    return true;
  }
  /// In a forked child, where this thread doesn't exist.
  void forget() noexcept { new (std::nothrow) std::thread(std::move(thread_)); }

 private:
  enum class place { loop, inside_body, left };
  std::thread thread_;
  std::atomic<place> at_{place::loop};
  std::atomic<bool> ended_{false};
};

}}}  // namespace stet::v0::detail
