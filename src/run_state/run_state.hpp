// What a run is, as the fold of its records: pure, no clock, no thread, no store.
//
// The same fold serves the live engine (record by record, as they are appended), recovery (a
// snapshot and what the journal holds behind it) and every reader. Invariants:
//  - a run is open until a record that is_end; nothing after that changes it but its `applied_lsn`;
//  - what an open run waits for is in `waits_for`, in `undriven`, or it is stalled: see wake_of.
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
#include "history/record.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// A command that has not been answered.
struct pending {
  /// On disk: never renumber (docs/format.md).
  enum class phase : std::uint8_t {
    waiting = 0,   // a sleep, a child; a step whose attempt may have begun
    retrying = 1,  // a step: its next attempt begins at `due`
    parked = 2,    // a step: its attempt has certainly not begun (the engine was closed)
    ending = 3,    // a step: its outcome stands, its body has yet to return
  };
  command_number command;
  wait_kind kind = wait_kind::step;
  phase at = phase::waiting;
  std::uint8_t flags = 0;      // of the command's record
  std::uint32_t attempt = 1;   // the latest
  std::uint32_t failures = 0;  // attempts that failed by themselves
  std::uint32_t crashes = 0;   // deaths of the process with this step as the only suspect
  std::int64_t armed = 0;      // when it was emitted
  std::int64_t due = 0;        // sleep, retrying
  std::int64_t due_since = 0;  // when `due` was set
  record_lsn lsn;    // of the record that set `due`: tells timers of this session from earlier ones
  run_number child;  // the child's run
  std::string name;  // the step's; the child's workflow's
  std::string target;  // the child's id; a step's arguments, when short
  struct details {
    std::string last_error, progress;
  };
  std::unique_ptr<details> more;
};

/// A sleep until a time that somebody named, by the wall clock.
inline bool is_named(const pending& p) noexcept {
  return p.kind == wait_kind::sleep && (p.flags & flag::sleep::absolute);
}

/// What a list shows of a run.
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
  std::string version;  // of the workflow, that drives it; empty: none
  std::uint64_t seed[2] = {0, 0};
  hash_key secret{};         // of its promises' tokens; zero: of a run from before there were any
  std::int64_t started = 0;  // ms
  std::int64_t now = 0;      // time of the latest driven event, never falling
  std::int64_t engine_time = 0;  // the same, as the clock said it
  run_number parent;             // a run, or 0
  command_number parent_command;
  run_number first;                     // of its chain of runs: it itself, if it continues none
  run_number previous;                  // the run that it continues, or 0
  run_number next;                      // the run that continues it, or 0
  std::int64_t begins_at = 0;           // it has not begun, and will then; 0: it has
  std::int64_t run_timeout = 0;         // ms, handed on to the next run; 0: none
  std::int64_t deadline = 0;            // its time is over then; 0: never
  std::int64_t execution_deadline = 0;  // of the whole chain; 0: none
  std::uint32_t unread = 0;             // signals
  std::uint32_t open_updates = 0;
  v0::status status = v0::status::running;
  bool stalled = false;
  bool cancel_requested = false;
  std::uint64_t records = 0;            // of its history
  std::uint32_t undriven = 0;           // events
  std::uint32_t crashes = 0;            // deaths of the process in its code, as the only suspect
  record_lsn applied_lsn;               // of the latest record in here
  std::int64_t indexed_wake = no_wake;  // what the timer index says, as of the latest snapshot
  v0::status indexed_status = not_indexed;       // likewise of the index by workflow and status
  by_number<pending, command_number> waits_for;  // by command
  std::unique_ptr<description> about;            // if there is anything
  std::string outcome;                           // completed: the result; a reason otherwise
  std::unique_ptr<failure> error;                // failed
  errc code = errc::run_failed;

  static constexpr std::int64_t no_wake = INT64_MAX;
  static constexpr std::int64_t wake_at_start = INT64_MIN;

  static constexpr auto not_indexed = static_cast<v0::status>(255);

  /// When it ended; 0: it hasn't.
  std::int64_t closed() const noexcept { return open() ? 0 : engine_time; }
  bool open() const noexcept { return status == v0::status::running; }
  v0::status shown_status() const noexcept {
    return open() && stalled ? v0::status::stalled : status;
  }
  pending* find(command_number command) noexcept { return waits_for.find(command); }
};

/// Takes one more record into account. Throws malformed if it can't follow what was before.
void apply(run_state& s, const record& r, record_lsn lsn);

/// When somebody must look at the run again though nothing came in: at the engine's start, at a
/// time, or never.
std::int64_t wake_of(const run_state& s) noexcept;

void encode(std::string& out, const run_state& s);
/// Throws malformed.
run_state decode_run_state(std::string_view bytes);

}  // namespace detail
}}  // namespace stet::v0
