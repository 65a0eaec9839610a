// What the coroutine of a run emits: recorded while an event drives it, and in a replay held
// against the recorded history. And what goes wrong with that.
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

#include <stet/scope.hpp>

#include "history/record.hpp"

namespace stet { inline namespace v0 { namespace detail {

class execution_host;

/// A step, a child or a message that a drive asks its host for.
struct intent {
  command_number command;
  request* what = nullptr;  // null: it was given up in the same drive, and may be gone
  run_number child;         // the child's run
};

/// What one delivery brought: given by whoever drives, used again and again.
struct drive_output {
  std::string records;               // the commands, encoded
  std::vector<intent> begun;         // by number
  std::vector<std::string> updated;  // the ids of updates that have been answered
  // Work space: who is to be told, and the scope of what has ended. Null: was told, or is gone, and
  // so may the scope be.
  std::vector<std::pair<waiter*, const scope*>> ready;
  void clear() noexcept {
    records.clear();
    begun.clear();
    updated.clear();
    ready.clear();
  }
};

class emitter {
 public:
  explicit emitter(run_number run) noexcept : run_(run) {}

  // ------------------------------------------------------------ what is wrong
  bool is_well() const noexcept { return problem_.empty(); }
  /// Why the run can't go on; empty if it can.
  const std::string& problem() const noexcept { return problem_; }
  void reject(std::string problem) { problem_ = std::move(problem); }
  /// Something was thrown while it was driven that is no answer of the workflow's: by a function
  /// that is no coroutine yet, or because of a history that makes no sense.
  void reject_by(const std::exception_ptr& thrown) noexcept;
  /// There was no memory for what it did: it goes no further. In memory only: it can be tried
  /// again.
  void starve() noexcept {
    starved_ = true;
    problem_ = "out of memory";  // short enough to need none
  }
  bool starved() const noexcept { return starved_; }

  // ------------------------------------------------------------ drives and replays
  void begin_drive(drive_output& out) noexcept { out_ = &out; }
  void begin_replay(std::string_view history, drive_output& work);
  void end() noexcept {
    out_ = nullptr;
    replay_.reset();
  }
  /// The workflow's own code runs now, and what it asks for is emitted.
  bool is_driven() const noexcept { return out_ != nullptr; }
  bool is_replaying() const noexcept { return replay_.has_value(); }
  drive_output& out() noexcept { return *out_; }
  /// Until resume() nothing is emitted: code of the run runs that only looks.
  drive_output* suspend() noexcept { return std::exchange(out_, nullptr); }
  void resume(drive_output* out) noexcept { out_ = out; }

  /// In a replay: the next event that drove. `bytes` is to keep what it names. Returns nothing at
  /// the end of the history, or if the history goes on with a command there: see problem().
  std::optional<record> next_event(std::string& bytes);
  /// The history says that others have ended the run.
  bool was_ended() const noexcept { return was_ended_; }
  /// An event drives: it counts as a record.
  void count_event() noexcept { ++records_; }
  /// Records that drove, or were emitted.
  std::uint64_t records() const noexcept { return records_; }

  /// Emits a record, or compares it. Returns its flags, from the history if there is one. `file`:
  /// where it stands in the source, for a difference.
  std::uint8_t emit(record r, const char* file = "") noexcept;
  /// The number of a child, or of the run that continues this one.
  run_number child_number(execution_host* host) noexcept;
  /// In a replay: the history says here that this condition holds.
  bool says_met(const condition& c);
  /// In a replay: the history says here that the run takes this patch's new way.
  bool finds_marker(std::string_view patch) noexcept;

  // ------------------------------------------------------------ events that haven't driven it
  /// Keeps an event that has been recorded as undriven.
  void queue(std::string event) { undriven_.push_back(std::move(event)); }
  /// The oldest of them, no longer queued: it drives at `time`. `bytes` is to keep what it names.
  /// Throws malformed if there is none.
  record take_queued(std::string& bytes, std::int64_t time);
  /// In their order, as records.
  const std::list<std::string>& queued() const noexcept { return undriven_; }
  bool has_queued(record_kind k, std::string_view target) const;

 private:
  struct place {  // a replay's, in the history
    source rest;
    record next{};
    bool has_next = false;
  };
  bool peek();
  void diverge(const record& emitted, const char* file) noexcept;

  const run_number run_;
  drive_output* out_ = nullptr;  // while the coroutine runs
  std::optional<place> replay_;
  std::list<std::string> undriven_;  // an empty list needs no memory, an empty deque does
  std::string problem_;
  std::uint64_t records_ = 0;
  bool starved_ = false;
  bool was_ended_ = false;
};

}}}  // namespace stet::v0::detail
