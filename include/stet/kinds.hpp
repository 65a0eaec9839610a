// Kinds of states, waits and records of a run: run_info, run_summary and history_entry have them.
#pragma once
#include <cstdint>
#include <string_view>

#include <stet/export.hpp>

namespace stet { inline namespace v0 {

/// The state of a run. On disk: never renumber (docs/format.md).
enum class status : std::uint8_t {
  running = 0,
  completed = 1,
  failed = 2,  ///< the workflow let an exception escape
  cancelled = 3,
  terminated = 4,
  stalled = 5,           ///< its code can't drive it until it is mended; see run_info::reason
  timed_out = 6,         ///< its time was over: see start_options
  continued_as_new = 7,  ///< the next run of its chain goes on
};

/// Returns the status in words: "running", "timed_out", …; "unknown" for a number that is no
/// status.
STET_API std::string_view to_text(status s) noexcept;

/// The kind of a reason why a run is stalled: an engine_event has it. A later version may have more
/// kinds: a switch needs a default.
enum class stall_kind : std::uint8_t {
  /// Today's code doesn't fit its history, isn't deterministic, or awaits what isn't Stet's.
  code_differs = 0,
  not_defined = 1,  ///< its workflow, or the version that it stays with, isn't defined
  accident = 2,     ///< its code threw an exception that isn't declared: see stet::accident
  undecodable = 3,  ///< its arguments, or what its code reads, don't decode as the code's types
  crashes = 4,      ///< its own code brought the process down too often
  unreadable = 5,   ///< its history, or a payload in it, can't be read or opened
  refused = 6,      ///< what its code asks for can't be recorded: too long, or it can't be sealed
  no_memory = 7,    ///< there was no memory to drive it
};

/// Returns the kind in words: "code_differs", "accident", …; "unknown" for a number that is no
/// kind.
STET_API std::string_view to_text(stall_kind k) noexcept;

/// The kind of an operation that a run waits for. On disk, except `start`: never renumber
/// (docs/format.md).
enum class wait_kind : std::uint8_t {
  step = 0,       ///< the outcome of a step
  sleep = 1,      ///< a time
  child = 2,      ///< the end of a child
  condition = 3,  ///< something in the run itself: a signal, a predicate
  promise = 4,    ///< an answer from outside, by a token
  message = 5,    ///< the delivery of a message to another run, or its answer
  start = 6,      ///< its own beginning: it was started with a delay
};

/// Returns the kind in words: "step", "sleep", …; "unknown" for a number that is no kind.
STET_API std::string_view to_text(wait_kind k) noexcept;

/// How far a step is that a run waits for.
enum class step_phase : std::uint8_t {
  none,       ///< it is no step
  queued,     ///< its attempt hasn't begun: it waits for a commit or for a thread
  running,    ///< its body runs, or began something that a completion ends
  retrying,   ///< its last attempt failed, and the next one begins when that is due
  returning,  ///< its outcome is known (time is up, it was cancelled), and the run waits for its
              ///< body, which captures and so may refer to the run's variables
};

/// Returns the phase in words: "queued", "running", …; "unknown" for a number that is no phase.
STET_API std::string_view to_text(step_phase p) noexcept;

/// The kind of a record of a run's history. An event is an input that the run observes, a command
/// what its workflow asked for because of it, a note a fact that the workflow never sees.
/// docs/format.md says what each one means. On disk: never renumber.
enum class record_kind : std::uint8_t {
  // kinds.def: ./dev fmt writes these lines
  // Events
  started = 1,
  step_done = 2,
  step_failed = 3,
  timer_fired = 4,
  child_done = 5,
  child_failed = 6,
  cancel_requested = 7,
  body_returned = 8,
  terminated = 9,
  signal = 10,
  update = 11,
  promise_resolved = 12,
  promise_rejected = 13,
  message_done = 14,
  message_failed = 15,
  // Commands
  step = 16,
  sleep = 17,
  child = 18,
  cancelled = 19,
  condition = 20,
  met = 21,
  promise = 22,
  message = 23,
  completed = 24,
  failed = 25,
  ended_cancelled = 26,
  continued = 27,
  update_done = 28,
  update_failed = 29,
  patched = 30,
  described = 31,
  // Notes
  attempt = 32,
  retry = 33,
  not_started = 34,
  progress = 35,
  driven = 36,
  stalled = 37,
  resumed = 38,
  suspect = 39,
  written = 40,
  moved = 41,
  erased = 42,
  // end of kinds.def
};

/// Returns the kind as a history shows it: "started", "step done", "timer fired", …; "unknown" for
/// a number that is no kind.
STET_API std::string_view to_text(record_kind k) noexcept;

}}  // namespace stet::v0
