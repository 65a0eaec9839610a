// The part of an engine that the bodies of steps use from their own threads. It also keeps the
// attempts that have come back until the loop takes them.
#pragma once
#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "engine/bodies/attempt.hpp"
#include "engine/bodies/body_clock.hpp"
#include "engine/bodies/body_threads.hpp"
#include "engine/bodies/returned_lists.hpp"
#include "engine/door/inbox.hpp"
#include "engine/door/loop_thread.hpp"
#include "engine/services/services.hpp"
#include "port/mutex.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// The attempt that a heartbeat belongs to.
struct beating {
  run_number run;
  command_number command;
  std::uint32_t attempt;
  auto operator<=>(const beating&) const = default;
};
/// The heartbeats of attempts: only the latest of each counts.
using heartbeats = std::map<beating, std::string>;

class bodies {
 public:
  bodies(services& s, inbox& i, loop_thread& t) noexcept
      : services(s), calls(i), thread(t), threads(s, [&i] { i.wake(); }), clock_(s.clock) {}

  // ------------------------------------------------------------ any thread
  /// The attempt has come back. The loop may destroy it before this returns.
  void returned(attempt& a) noexcept;
  void heartbeat(attempt& a, std::string progress);
  /// The host's steady time, or after a close that has left bodies running, the time of that close.
  std::int64_t steady_ms() noexcept { return clock_.steady_ms(); }
  /// From now on no body that is still running touches anything of the host's.
  void leave_host() noexcept { clock_.leave(); }
  /// Whether an attempt or a heartbeat waits for the loop.
  bool has_something() const;
  bool has_returned() const noexcept { return !returned_.empty(); }

  // ------------------------------------------------------------ the loop's
  /// Takes the attempts that have come back from other threads. Those of one thread are in the
  /// order in which they came.
  attempt_row take_from_threads() noexcept;
  heartbeats take_heartbeats();

  detail::services& services;
  inbox& calls;
  loop_thread& thread;
  body_threads threads;
  /// For step_context::read: reads a part of a blob in the step's namespace. Set by the engine.
  std::function<std::string(std::string_view, const blob&, std::uint64_t, std::uint64_t)> read_blob;
  std::deque<attempt*> gate;    // loop only: attempts that haven't been submitted
  attempt_row inline_returned;  // loop only: attempts that came back on its own thread

 private:
  body_clock clock_;
  returned_lists returned_;
  mutable port::mutex mutex_;
  heartbeats heartbeats_ STET_GUARDED_BY(mutex_);
};

}}}  // namespace stet::v0::detail
