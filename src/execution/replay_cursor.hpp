// The commands that the coroutine of a run emits: recorded while an event drives it, and in a
// replay compared with the recorded history. Also the problems that this finds.
//
// Invariant: in a replay nothing new is emitted before the recorded history has been gone through;
// a mismatch ends the replay with `problem()`.
#pragma once
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stet/options.hpp>
#include <stet/scope.hpp>

#include "history/record.hpp"

namespace stet { inline namespace v0 { namespace detail {

class execution_host;

/// A step, a child or a message for which a drive asks its host.
struct intent {
  command_number command;
  request* what = nullptr;  // null: it was given up in the same drive, and may be gone
  run_number child;         // the child's run
};

/// The output of one drive. The caller that drives gives it, and uses it again and again.
struct drive_output {
  std::string records;               // the commands, encoded
  std::vector<intent> begun;         // by number
  std::vector<std::string> updated;  // the ids of updates that have been answered
  // Work space: the waiters that are to be resumed, and the scope of what has ended. Null if a
  // waiter was resumed or is gone; then the scope may be gone, too.
  std::vector<std::pair<waiter*, const scope*>> ready;
  void clear() noexcept {
    records.clear();
    begun.clear();
    updated.clear();
    ready.clear();
  }
};

class replay_cursor {
 public:
  explicit replay_cursor(run_number run) noexcept : run_(run) {}

  // Set before a replay: it compares what `compare` says, and everything after this many records.
  compared compare = compared::names;
  std::uint64_t everything_after = UINT64_MAX;
  // The records that the latest replay went through: those after them this program has emitted.
  std::uint64_t replayed = 0;

  // ------------------------------------------------------------ problems
  bool is_well() const noexcept { return problem_.empty(); }
  /// Says why the run can't go on; empty if it can.
  const std::string& problem() const noexcept { return problem_; }
  stall_kind problem_kind() const noexcept { return kind_; }
  void reject(std::string problem, stall_kind kind = stall_kind::code_differs) {
    problem_ = std::move(problem);
    kind_ = kind;
  }
  /// There was no memory to go on. That concerns only the run in memory: it can be tried again.
  void starve() noexcept {
    starved_ = true;
    problem_ = "out of memory";  // short enough to need none
    kind_ = stall_kind::no_memory;
  }
  bool starved() const noexcept { return starved_; }

  // ------------------------------------------------------------ drives and replays
  void begin_drive(drive_output& out) noexcept { out_ = &out; }
  void begin_replay(std::string_view history, drive_output& work);
  void end() noexcept {
    if (replay_) replayed = records_;
    out_ = nullptr;
    replay_.reset();
  }
  /// Returns true while the workflow's own code runs, and emits what it asks for.
  bool is_driven() const noexcept { return out_ != nullptr; }
  bool is_replaying() const noexcept { return replay_.has_value(); }
  drive_output& out() noexcept { return *out_; }
  /// Until resume() nothing is emitted: code of the run runs that only looks.
  drive_output* suspend() noexcept { return std::exchange(out_, nullptr); }
  void resume(drive_output* out) noexcept { out_ = out; }

  /// For a replay: returns the next event that drove the run. `bytes` keeps the texts in it.
  /// Returns nullopt at the end of the history, or if a command comes next there: see problem().
  std::optional<record> next_event(std::string& bytes);
  /// Returns true if others have ended the run, by its history.
  bool was_ended() const noexcept { return was_ended_; }
  /// Counts an event that drives as a record.
  void count_event() noexcept { ++records_; }
  /// The number of records that drove or were emitted.
  std::uint64_t records() const noexcept { return records_; }

  /// Emits a record, or compares it with the history. Returns its flags, the history's in a replay.
  /// `file` is the place in the source, for the text of a difference.
  std::uint8_t emit(const record& r, const char* file = "") noexcept;
  /// Returns the number of a child, or of the run that continues this one.
  run_number child_number(execution_host* host) noexcept;
  /// For a replay: returns true if the history has here that this condition is met.
  bool says_met(const condition& c);
  /// Returns true if this is a replay, and its history goes on with a command here.
  bool has_command_next() noexcept;
  /// For a replay: returns true if the history has here that the run takes this patch's new way.
  bool finds_marker(std::string_view patch) noexcept;

  // ------------------------------------------------------------ undriven events
  /// Keeps an event that has been recorded as undriven.
  void queue(std::string event) { undriven_.push_back(std::move(event)); }
  /// Takes the oldest undriven event: it drives at `time`. `bytes` keeps the texts in it. Throws
  /// malformed if there is none.
  record take_queued(std::string& bytes, engine_time time);
  /// The undriven events in their order, as records.
  const std::list<std::string>& queued() const noexcept { return undriven_; }
  bool has_queued(record_kind k, std::string_view target) const;

 private:
  struct place {  // of a replay, in the history
    source rest;
    record next{};
    bool has_next = false;
  };
  bool peek();
  void diverge(const record& emitted, const char* file) noexcept;

  const run_number run_;
  drive_output* out_ = nullptr;  // set while the coroutine runs
  std::optional<place> replay_;
  std::list<std::string> undriven_;  // an empty list needs no memory, an empty deque does
  std::string problem_;
  stall_kind kind_ = stall_kind::code_differs;  // of the problem
  std::uint64_t records_ = 0;
  bool starved_ = false;
  bool was_ended_ = false;
};

}}}  // namespace stet::v0::detail
