// The state of a run, as the fold of its records: pure, no clock, no thread, no store.
//
// The same fold serves the live engine (record by record, as they are appended), recovery (a
// snapshot, and then the journal's records after it) and every reader. Invariants:
//  - a run is open until a record that is_end; nothing after that changes it but its `applied_lsn`;
//  - an open run waits for something in `waits_for`, has undriven events, or is stalled: see
//    wake_of.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <stet/error.hpp>
#include <stet/kinds.hpp>

#include "base/by_number.hpp"
#include "base/engine_time.hpp"
#include "history/record.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// A command that has not been answered.
struct pending {
  /// On disk: never renumber (docs/format.md).
  enum class phase : std::uint8_t {
    waiting = 0,      // a sleep, a child; a step whose attempt may have begun
    retrying = 1,     // a step: its next attempt begins at `due`
    not_started = 2,  // a step: its attempt has certainly not begun (the engine was closed)
    ending = 3,       // a step: it has its outcome, its body has yet to return
  };
  command_number command;
  wait_kind kind = wait_kind::step;
  phase at = phase::waiting;
  std::uint8_t flags = 0;      // of the command's record
  std::uint32_t attempt = 1;   // the latest
  std::uint32_t failures = 0;  // attempts that failed by themselves
  std::uint32_t crashes = 0;   // deaths of the process with this step as the only suspect
  engine_time armed;           // when it was emitted
  engine_time due;             // sleep, retrying
  engine_time due_since;       // time at which `due` was set
  record_lsn lsn;    // of the record that set `due`: tells timers of this session from earlier ones
  run_number child;  // the child's run
  std::string name;  // the step's; the workflow's of a child
  std::string target;  // the child's id; a step's arguments, when short
  struct details {
    std::string last_error, progress;
  };
  std::unique_ptr<details> more;
};

/// A sleep until a time that the user named, by the wall clock.
inline bool is_named(const pending& p) noexcept {
  return p.kind == wait_kind::sleep && (p.flags & flag::sleep::absolute);
}

/// The part of a run that it shows in lists.
struct description {
  std::string attributes;  // packed
  std::string memo;        // a payload
  std::string details;
  std::string indexed;  // the attributes that the indexes have, as of the latest snapshot
};

struct run_state {
  run_number run;
  std::string name_space;  // empty: "default"
  std::string id;
  std::string workflow;
  std::string version;  // the workflow's version that drives it; empty: none
  std::uint64_t seed[2] = {0, 0};
  hash_key secret{};  // for its promises' tokens; zero: started before secrets existed
  engine_time started;
  engine_time now;         // time of the latest driven event, never falling
  engine_time clock_time;  // the same by the clock, which may have been set back
  run_number parent;       // 0: none
  command_number parent_command;
  run_number first;                // first run of its chain; may be the run itself
  run_number previous;             // the run that it continues, or 0
  run_number next;                 // the run that continues it, or 0
  engine_time begins_at;           // if it is to begin later; 0: it has begun
  std::int64_t run_timeout = 0;    // ms, handed on to the next run; 0: none
  engine_time deadline;            // when it times out; 0: never
  engine_time execution_deadline;  // of the whole chain; 0: none
  std::uint32_t unread = 0;        // signals
  std::uint32_t open_updates = 0;
  v0::status status = v0::status::running;
  bool stalled = false;
  bool cancel_requested = false;
  std::uint64_t records = 0;           // of its history
  std::uint32_t undriven = 0;          // events
  std::uint32_t crashes = 0;           // deaths of the process in its code, as the only suspect
  record_lsn applied_lsn;              // of the latest record in this state
  engine_time indexed_wake = no_wake;  // its time in the timer index, by the latest snapshot
  v0::status indexed_status = not_indexed;       // its status in the index, by the latest snapshot
  by_number<pending, command_number> waits_for;  // by command
  std::unique_ptr<description> about;            // null if it has none
  std::string outcome;                           // completed: the result; a reason otherwise
  std::unique_ptr<failure> error;                // failed
  errc code = errc::run_failed;

  static constexpr engine_time no_wake = engine_time::never();
  static constexpr engine_time wake_at_start = engine_time::before_all();

  static constexpr auto not_indexed = static_cast<v0::status>(255);

  /// The time of the run's end; no time if it hasn't ended.
  engine_time closed() const noexcept { return open() ? engine_time() : clock_time; }
  bool open() const noexcept { return status == v0::status::running; }
  v0::status shown_status() const noexcept {
    return open() && stalled ? v0::status::stalled : status;
  }
  pending* find(command_number command) noexcept { return waits_for.find(command); }
};

/// Applies one more record. Throws malformed if it can't follow the records before it.
void apply(run_state& s, const record& r, record_lsn lsn);

/// Returns when the run must be looked at again without a new event: at the engine's start, at a
/// time, or never.
engine_time wake_of(const run_state& s) noexcept;

void encode(std::string& out, const run_state& s);
/// Decodes a snapshot. Throws malformed.
run_state decode_run_state(std::string_view bytes);

}  // namespace detail
}}  // namespace stet::v0
