// Reports the workflow whose code doesn't return, and so holds up all other runs.
#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <stet/environment.hpp>

#include "base/ids.hpp"
#include "engine/services/reporter.hpp"
#include "port/mutex.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Checks from a thread of its own, twice in `limit`, while the engine works; an idle engine wakes
/// no thread. In manual mode there is no such thread: then it measures, and reports afterwards.
class watchdog {
 public:
  watchdog(reporter& r, clock& c, duration limit) noexcept;
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;
  ~watchdog();
  void start();
  void stop() noexcept;
  /// After a fork, where the thread doesn't exist.
  void leak() noexcept;

  /// Loop: enter() when a workflow's own code begins, leave() when it has ended. The names must
  /// live until then.
  void enter(std::string_view workflow, std::string_view id) noexcept;
  void leave(command_number command, source_point at) noexcept;

 private:
  /// The workflow and the run whose code it is.
  template <class Text> struct names {
    Text workflow, id;
  };
  void watch();
  std::optional<names<std::string>> copy_names(std::uint64_t turn) noexcept STET_REQUIRES(mutex_);
  void tell(const names<std::string_view>& whose, const std::string& what) noexcept;

  reporter& reporter_;
  clock& clock_;
  const duration limit_;
  std::atomic<std::uint64_t> turn_{0};   // odd while a workflow's code runs
  std::atomic<std::uint64_t> named_{0};  // the turn that was reported
  std::atomic<bool> asleep_{false};
  // Written by the loop in enter(). The thread reads them after it has set `reads_`, if `turn_` is
  // still the same then: so leave() sees that it reads, and waits for it.
  names<std::string_view> code_;
  std::atomic<bool> reads_{false};  // written under the lock
  duration began_{};                // for the loop, if there is no thread
  port::mutex mutex_;
  port::condition wake_;
  bool stopping_ STET_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}}}  // namespace stet::v0::detail
