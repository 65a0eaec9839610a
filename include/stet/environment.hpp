// The parts of the world that an engine depends on: time, chance and threads. Each can be replaced.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <stet/export.hpp>
#include <stet/observer.hpp>
#include <stet/options.hpp>

namespace stet { inline namespace v0 {

/// A clock. wall() and steady() are noexcept: the engine can do nothing without the time, so an
/// exception in them ends the process.
///
/// Thread   called from several of the engine's threads at once.
class STET_API clock {
 public:
  virtual ~clock();
  /// Returns the milliseconds since 1970, as the machine believes. May jump.
  virtual time_point wall() noexcept = 0;
  /// Returns the milliseconds since some moment; never falls.
  virtual duration steady() noexcept = 0;
  /// Returns the milliseconds since some moment, including the time in which the machine was
  /// suspended; never falls. The engine measures lengths of time by it: setting the wall clock
  /// changes none of those that began since the engine was started. The default returns an empty
  /// optional: not known. Then the engine uses steady(), and takes a wall clock that jumps ahead
  /// for a machine that was suspended, unless the wall clock was known to be wrong before.
  virtual std::optional<duration> uptime() noexcept;
  /// Returns how coarse the readings are: two readings of one clock that differ by `d` are less
  /// than `d + resolution()` and more than `d - resolution()` apart. The engine adds the resolution
  /// to every length of time, so that none is cut short. The default returns 0: readings are exact.
  virtual duration resolution() noexcept;
  /// In manual mode: a caller waits for the end of a run or for an answer, and the engine has
  /// nothing to do before `due` (empty if nothing is due). A clock of a test may move itself to
  /// `due`, or do something that brings work, and return true: then the engine looks again. After
  /// false, the engine naps. Called on the caller's thread, outside of the engine, which it may
  /// call; its exceptions reach the caller. The default returns false.
  virtual bool skip_to(std::optional<time_point> due);
};
/// Returns the machine's own clock.
STET_API clock& system_clock() noexcept;

/// A source of random bits, for the seeds of runs and the jitter of retries.
/// Thread   called from several of the engine's threads at once.
class STET_API entropy {
 public:
  virtual ~entropy();
  /// Returns 64 random bits.
  virtual std::uint64_t bits() noexcept = 0;
  /// Returns bits that an attacker can't guess, for the tokens of promises. The default takes them
  /// from the machine, whatever bits() returns: a program that makes seeds repeatable doesn't make
  /// tokens predictable. Only tests that compare whole stores need to override it.
  virtual std::uint64_t secret_bits() noexcept;
};
/// Returns the machine's own source of random bits.
STET_API entropy& system_entropy() noexcept;

/// Tells which attempt of which step this is. The views are valid as long as the attempt.
struct step_attempt {
  std::string_view workflow, workflow_id;
  std::string_view step;         ///< its name
  unsigned attempt = 1;          ///< as step_context::attempt
  std::string_view arguments;    ///< a payload: decode<std::tuple<A...>>(a.arguments)
  bool completes_later = false;  ///< a non-blocking step: its result comes after its body
};

/// A step's attempt, ready to be run on any thread.
class STET_API work {
 public:
  /// Runs the attempt.
  virtual void run() noexcept = 0;
  /// Returns which attempt it is.
  virtual step_attempt about() const noexcept = 0;
  /// Lets the time-outs of the attempt count from now on, though run() comes later. Otherwise they
  /// count from run(). An executor may call it before run().
  virtual void count_time() noexcept = 0;
  work* next = nullptr;  ///< of a chain. Read it before run(), which gives the work back

 protected:
  ~work() = default;
};

/// The threads that run the bodies of steps. In manual mode, let the loop call poll() after each
/// run(). An example: docs/guide/manual-mode-and-mobile.md.
class STET_API executor {
 public:
  virtual ~executor();
  /// Takes a chain of work, in order. Each must be run once, soon, on any thread but the caller's.
  /// Never blocks.
  virtual void submit(work* first) noexcept = 0;
  /// Returns the work that has not begun, as a chain, and begins nothing from then on. Returns when
  /// all work that began has ended.
  virtual work* stop() noexcept = 0;
};

/// The body of a step, for an interceptor to run.
class step_body {
 public:
  /// Runs the body. Returns its result, a payload; for a non-blocking step an empty string. Throws
  /// what the body throws.
  virtual std::string run() = 0;

 protected:
  ~step_body() = default;
};

/// Stands between the engine and the bodies of steps.
/// Thread   called from the threads that run bodies, at once.
class STET_API interceptor {
 public:
  virtual ~interceptor();
  /// Runs one attempt of a step, on the thread of its body. The step's result is the payload that
  /// it returns (encode<R>); if it throws, the attempt has failed with that exception. For a
  /// non-blocking step whose body was run, the completion has the result. The default runs the
  /// body.
  virtual std::string run_step(const step_attempt& a, step_body& body);
};

}}  // namespace stet::v0
