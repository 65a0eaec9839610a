// What the engine takes from the world: time, chance and threads. All may be replaced.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <stet/export.hpp>
#include <stet/observer.hpp>
#include <stet/options.hpp>

namespace stet { inline namespace v0 {

/// Time. wall() and steady() are noexcept: without the time the engine can do nothing, and what
/// they would throw ends the process.
///
/// Thread   called from several of the engine's threads at once.
class STET_API clock {
 public:
  virtual ~clock();
  /// Milliseconds since 1970, as the machine believes. May jump.
  virtual time_point wall() noexcept = 0;
  /// Milliseconds since some moment, never falling.
  virtual duration steady() noexcept = 0;
  /// Milliseconds since some moment, never falling, the time in which the machine was suspended
  /// included. The engine measures lengths of time by it, and a wall clock that is set changes
  /// none of those that began since the engine was started. The default, nothing: not known.
  /// steady() is used then, and a wall clock that jumps ahead is taken for a machine that was
  /// suspended, unless it was known to be wrong before.
  virtual std::optional<duration> uptime() noexcept;
  /// How coarse its readings are: two readings of one clock that differ by `d` are less than
  /// `d + resolution()` and more than `d - resolution()` apart. So much is added to every length
  /// of time, so that none is cut short. The default, 0: readings are exact.
  virtual duration resolution() noexcept;
  /// Manual mode: a caller waits for the end of a run or for an answer, and the engine has nothing
  /// to do before `due` (nothing: at no time, by itself). A clock of a test may move itself there,
  /// or do what brings work, and returns true: the engine looks again. False: it naps. Called on
  /// the caller's thread, outside of the engine, which it may call; what it throws reaches the
  /// caller. The default returns false.
  virtual bool skip_to(std::optional<time_point> due);
};
/// The machine's own.
STET_API clock& system_clock() noexcept;

/// Chance, for the seeds of runs and the jitter of retries.
/// Thread   called from the engine's threads at once.
class STET_API entropy {
 public:
  virtual ~entropy();
  virtual std::uint64_t bits() noexcept = 0;
  /// Bits that nobody may guess, for the tokens of promises. The default asks the machine, whatever
  /// bits() gives: who makes seeds repeatable doesn't make tokens predictable with them. Only tests
  /// that compare whole stores need another.
  virtual std::uint64_t secret_bits() noexcept;
};
/// The machine's own.
STET_API entropy& system_entropy() noexcept;

/// Which attempt of which step. The views hold as long as the attempt does.
struct step_attempt {
  std::string_view workflow, workflow_id;
  std::string_view step;         ///< its name
  unsigned attempt = 1;          ///< as step_context::attempt
  std::string_view arguments;    ///< a payload: decode<std::tuple<A...>>(a.arguments)
  bool completes_later = false;  ///< a non-blocking step: its result comes when its body is over
};

/// A step's attempt, ready to be run on any thread.
class STET_API work {
 public:
  virtual void run() noexcept = 0;
  virtual step_attempt about() const noexcept = 0;
  /// Its time-outs count from now on, though run() comes later. Without it they count from run().
  /// Before run(), by an executor that wants it.
  virtual void count_time() noexcept = 0;
  work* next = nullptr;  ///< of a chain

 protected:
  ~work() = default;
};

/// Threads that run the bodies of steps.
class STET_API executor {
 public:
  virtual ~executor();
  /// Takes a chain of work, in order; each must be run once, soon, on any thread but the caller's.
  /// Never blocks.
  virtual void submit(work* first) noexcept = 0;
  /// Gives back what has not begun, as a chain, and begins nothing any more. Returns when all that
  /// began has ended.
  virtual work* stop() noexcept = 0;
};

/// The body of a step, as an interceptor gets it.
class step_body {
 public:
  /// Runs it. Returns its result, a payload (of a non-blocking step: nothing yet); throws what it
  /// throws.
  virtual std::string run() = 0;

 protected:
  ~step_body() = default;
};

/// Stands between the engine and the bodies of steps.
/// Thread   called from those that run bodies, at once.
class STET_API interceptor {
 public:
  virtual ~interceptor();
  /// One attempt of a step, on the thread of its body. What it returns is the step's result, a
  /// payload (encode<R>); what it throws is how the attempt failed. Of a non-blocking step whose
  /// body was run, what that completes it with is the result. The default runs the body.
  virtual std::string run_step(const step_attempt& a, step_body& body);
};

}}  // namespace stet::v0
