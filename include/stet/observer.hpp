// The listener: an engine reports to it everything that an operator should know.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include <stet/export.hpp>
#include <stet/kinds.hpp>

namespace stet { inline namespace v0 {

/// The kind of an event. A later version may report more kinds: a switch needs a default.
enum class event_kind : std::uint8_t {
  run_stalled,  ///< a run can't go on until its cause is mended: engine_event::stall says why
  /// At a start: `count` open runs are of a workflow that this program doesn't define. Each of them
  /// is then stalled, and reported as run_stalled.
  workflow_undefined,
  /// At a start: `count` runs of a workflow were stalled. Each is tried again, and reported as
  /// run_stalled if it can't go on for another reason than before.
  runs_stalled,
  run_unreadable,   ///< what the store has of a run is damaged; other runs go on
  store_damaged,    ///< an entry that belongs to no run makes no sense; it is left alone
  store_refuses,    ///< no room, or another program holds the store: the engine tries again
  engine_stopped,   ///< the store failed, or an invariant is broken: every call throws from now on
  loop_held,        ///< code of one run keeps the engine's thread: all runs wait
  body_overdue,     ///< a step's body goes on though it was asked to stop
  threads_waiting,  ///< all threads for bodies wait for runs of this engine
  close_waits,      ///< a close waits for a step's completion
  answer_unread,    ///< an answer came to a run that has ended or continued as new
  payload_failed,   ///< a text or a payload could not be sealed, opened or encoded
  threads_busy,     ///< all threads for bodies are busy, and steps wait: the run is a busy one's
  /// A step has failed 5 times, 10 times, 20, 40, … and is tried again: `attempt` and `error` say
  /// which attempt failed, and why.
  step_keeps_failing,
  child_not_started,  ///< a child of context::start_child can't be started; its parent goes on
};
/// Returns the name of the kind, as in "run_stalled"; "unknown" for a number that is no kind.
STET_API std::string_view to_text(event_kind kind) noexcept;

/// An event that an operator should know of. The views are valid during the call.
struct engine_event {
  event_kind kind;
  /// One line for a person: ids and names in it are escaped as stet::one_line does.
  std::string_view text;
  /// The workflow, run and step that it is about, as they are, not escaped; empty or 0 if there is
  /// none, or if it isn't known.
  std::string_view workflow, workflow_id, step;
  std::uint64_t run = 0;  ///< the number of the run
  /// For run_stalled: the kind of the reason; the text has the reason itself. Otherwise empty.
  std::optional<stall_kind> stall{};
  /// For workflow_undefined and runs_stalled: how many runs. Otherwise 0.
  std::uint64_t count = 0;
  unsigned attempt = 0;         ///< of the step, if the event is about an attempt
  std::string_view error{};     ///< what that attempt said, not escaped
  std::string_view child_id{};  ///< child_not_started: the id that the child was to have
  std::string_view reason{};    ///< child_not_started: why; not escaped
};

/// The end of a run. The views are valid during the call.
struct ended_run {
  std::string_view workflow, workflow_id, name_space;
  std::uint64_t run = 0;  ///< the number of the run; of a chain, that of its last run
  stet::status status = status::completed;  ///< how it ended
  std::string_view reason;                  ///< why, if it didn't complete; not escaped
};

/// Is called with the events of an engine and with the lines that workflows log. Override what you
/// need.
///     struct to_syslog : stet::listener {
///       void event(const stet::engine_event& e) override {
///         ::syslog(LOG_WARNING, "%s", std::string(e.text).c_str());
///       }
///     };
///
/// A call of an engine from one of its functions throws errc::usage, on every thread: keep what was
/// reported, and call from another thread. An exception from them is dropped; the first one is
/// written to standard error. (From an override that says noexcept, it ends the process.)
///
/// Thread   called from the engine's threads, one call at a time.
class STET_API listener {
 public:
  virtual ~listener();
  /// Takes a line of a workflow's ctx.log. Both texts are not escaped: see stet::one_line. The
  /// default drops it.
  virtual void log(std::string_view workflow_id, std::string_view line);
  /// Takes an event. The default calls problem(e.text).
  virtual void event(const engine_event& e);
  /// Takes the end of a run, when the end is durable. A run that is continued as new hasn't ended:
  /// the last run of its chain is reported. Each end is reported once at most: after a crash of the
  /// process, ends of its last commits may not have been (admin::list finds them). The default does
  /// nothing.
  virtual void run_ended(const ended_run& r);
  /// Takes the text of an event alone, for a listener that needs no more. The default writes it to
  /// standard error.
  virtual void problem(std::string_view text);
};

}}  // namespace stet::v0
