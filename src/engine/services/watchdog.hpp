// Names the workflow whose code doesn't come back: it holds up every other.
#pragma once
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <thread>

#include <stet/environment.hpp>

#include "base/ids.hpp"
#include "base/shown.hpp"
#include "base/users_exception.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// The first bytes of a name, for another thread to read while they change.
class shown_name {
 public:
  void set(std::string_view name) noexcept;
  std::string get() const;

 private:
  std::array<std::atomic<std::uint64_t>, 4> words_{};
};

/// Looks from a thread of its own, twice in `limit`, as long as the engine works; an idle engine
/// wakes nobody. Without a thread (manual mode) it measures, and tells afterwards.
class watchdog {
 public:
  watchdog(listener& l, clock& c, duration limit) noexcept;
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;
  ~watchdog();
  void start();
  void stop() noexcept;
  /// After a fork: the thread isn't there.
  void leak() noexcept;

  /// Loop: a workflow's own code begins, and has ended.
  void enter(std::string_view workflow, std::string_view id) noexcept;
  void leave(command_number command, source_point at) noexcept;

 private:
  void watch();
  void tell(const std::string& what) noexcept;

  listener& listener_;
  clock& clock_;
  const duration limit_;
  std::atomic<std::uint64_t> turn_{0};   // odd: a workflow's code runs
  std::atomic<std::uint64_t> named_{0};  // the turn that was named
  std::atomic<bool> asleep_{false};
  shown_name workflow_, id_;
  duration began_{};  // the loop's, where there is no thread
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

/// A listener that is called by several threads, one at a time. What it throws is dropped: there is
/// nobody else to tell.
class one_at_a_time final : public listener {
 public:
  explicit one_at_a_time(listener& l) noexcept : listener_(l) {}
  void log(std::string_view id, std::string_view line) noexcept override {
    std::lock_guard lock(mutex_);
    (void)thrown_by_user([&] { listener_.log(id, line); });
  }
  void problem(std::string_view text) noexcept override {
    std::lock_guard lock(mutex_);
    (void)thrown_by_user([&] {
      try {
        listener_.problem(on_one_line(text));
      } catch (const std::bad_alloc&) { listener_.problem("a problem, and no memory to name it"); }
    });
  }

 private:
  listener& listener_;
  std::mutex mutex_;
};

}}}  // namespace stet::v0::detail
