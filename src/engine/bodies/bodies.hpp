// What the bodies of steps use of their engine, from their own threads; and what comes back from
// them, until the loop takes it.
#pragma once
#include <atomic>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/bodies/attempt.hpp"
#include "engine/bodies/body_clock.hpp"
#include "engine/bodies/workers.hpp"
#include "engine/door/inbox.hpp"
#include "engine/door/loop_thread.hpp"
#include "engine/services/services.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Which attempt a heartbeat is of.
struct beating {
  run_number run;
  command_number command;
  std::uint32_t attempt;
  auto operator<=>(const beating&) const = default;
};
/// What attempts said: of each only the latest counts.
using heartbeats = std::map<beating, std::string>;

class bodies {
 public:
  bodies(services& s, inbox& i, loop_thread& t) noexcept
      : shared(s), calls(i), thread(t), threads(s), clock_(s.clock) {}

  // ------------------------------------------------------------ any thread
  /// An attempt has come back. The loop may destroy it before this returns.
  void returned(attempt& a) noexcept;
  void heartbeat(attempt& a, std::string progress);
  /// The host's steady time, or what it was when a close left bodies behind.
  std::int64_t steady_ms() noexcept { return clock_.steady_ms(); }
  /// From now on no body that was left behind touches what is the host's.
  void leave_host() noexcept { clock_.leave(); }
  /// An attempt or a heartbeat waits for the loop.
  bool has_something() const;
  bool has_returned() const noexcept { return returned_.load() != nullptr; }

  // ------------------------------------------------------------ the loop's
  /// What has come back from other threads, in its order.
  attempt_row take_from_threads() noexcept;
  heartbeats take_heartbeats();

  services& shared;
  inbox& calls;
  loop_thread& thread;
  workers threads;
  /// For step_context::read: a part of a blob of this namespace. Set by the engine.
  std::function<std::string(std::string_view, const blob&, std::uint64_t, std::uint64_t)> read_blob;
  std::vector<attempt*> gate;   // the loop's: attempts that haven't been submitted
  attempt_row inline_returned;  // the loop's: what came back on its own thread

 private:
  body_clock clock_;
  std::atomic<attempt*> returned_{nullptr};  // a stack
  mutable std::mutex mutex_;                 // guards heartbeats_
  heartbeats heartbeats_;
};

}}}  // namespace stet::v0::detail
