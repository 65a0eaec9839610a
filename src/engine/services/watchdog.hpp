// Names the workflow whose code doesn't come back: it holds up every other.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

#include <stet/environment.hpp>

#include "engine/services/reporter.hpp"
#include "port/mutex.hpp"

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
  watchdog(reporter& r, clock& c, duration limit) noexcept;
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;
  ~watchdog();
  void start();
  void stop() noexcept;
  /// After a fork: the thread isn't there.
  void leak() noexcept;

  /// Loop: a workflow's own code begins, and has ended.
  void enter(std::string_view workflow, std::string_view id) noexcept;
  void leave(std::uint32_t command, source_point at) noexcept;

 private:
  void watch();
  void tell(const std::string& what) noexcept;

  reporter& reporter_;
  clock& clock_;
  const duration limit_;
  std::atomic<std::uint64_t> turn_{0};   // odd: a workflow's code runs
  std::atomic<std::uint64_t> named_{0};  // the turn that was named
  std::atomic<bool> asleep_{false};
  shown_name workflow_, id_;
  duration began_{};  // the loop's, where there is no thread
  port::mutex mutex_;
  port::condition wake_;
  bool stopping_ STET_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}}}  // namespace stet::v0::detail
