// What the engine takes from the world: time, chance, threads, and somebody who listens. All may be
// replaced.
#pragma once
#include <cstdint>
#include <string_view>

#include <stet/export.hpp>
#include <stet/options.hpp>

namespace stet { inline namespace v0 {

/// Time. Thread: called from the engine's threads at once.
class STET_API clock {
 public:
  virtual ~clock();
  /// Milliseconds since 1970, as the machine believes. May jump.
  virtual time_point wall() noexcept = 0;
  /// Milliseconds since some moment, never falling.
  virtual duration steady() noexcept = 0;
};
/// The machine's own.
STET_API clock& system_clock() noexcept;

/// Chance, for the seeds of runs and the jitter of retries. Thread: called from the engine's
/// threads at once.
class STET_API entropy {
 public:
  virtual ~entropy();
  virtual std::uint64_t bits() noexcept = 0;
};
/// The machine's own.
STET_API entropy& system_entropy() noexcept;

/// A step's attempt, ready to be run on any thread.
class STET_API work {
 public:
  virtual void run() noexcept = 0;
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

/// Hears what goes on. Thread: called from the engine's threads, one call at a time; must not call
/// the engine.
class STET_API listener {
 public:
  virtual ~listener();
  /// A workflow's ctx.log.
  virtual void log(std::string_view workflow_id, std::string_view line) noexcept;
  /// Something an operator should know: a run is stalled, a body doesn't heed its stop request, the
  /// store failed. The default writes one line to standard error.
  virtual void problem(std::string_view text) noexcept;
};

}}  // namespace stet::v0
