// Which user code was running when the process died. This is a small file beside the store, mapped
// into memory.
//
// The file has to survive the death of the process, but no power cut, so it is never flushed. A
// slot is taken when user code begins and freed when it ends. Slots that are still taken when the
// next engine opens the file show what was running at the death. A step that completes later has a
// second slot, in the part for pending steps, until it is completed: its callbacks run in between.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "port/mapping.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// How a suspect is tried: see suspects.hpp.
enum class trial : std::uint8_t { none, beside, alone };

/// The use of a workflow's own code: it handles an event, replays the events that it has handled,
/// answers a query, validates an update, or is destroyed (its destructors run).
struct code_use {
  static constexpr std::uint32_t replays = 0, answers_query = 1000, validates = 1001,
                                 destroys = 1002;
  std::uint32_t what = replays;         // or the kind of the event, plus one
  command_number command = no_command;  // the command that the event answers
  std::uint32_t content = 0;            // a checksum, if the command doesn't tell events apart
  friend bool operator==(const code_use&, const code_use&) = default;
};

/// User code: the attempt of a step, or if `command` is 0 the workflow's own code.
struct occupant {
  run_number run;
  command_number command = no_command;
  std::uint32_t attempt = 0;
  trial tried = trial::none;
  // Only for the workflow's own code:
  code_use use{};
  std::uint64_t records = 0;  // records of the run when the code was entered
  std::uint32_t id = 0;       // a checksum of the run's id: its start may not be durable yet
};

class crash_slots {
 public:
  crash_slots() = default;
  crash_slots(const crash_slots&) = delete;
  crash_slots& operator=(const crash_slots&) = delete;

  /// Maps the file, returns the user code that was running, and clears the file. Without a path, or
  /// if the file can't be made or the disk has no room for it, there are no slots and no suspects.
  std::vector<occupant> open(const std::string& path);
  /// Any thread. Returns a slot, or -1 if there is none.
  int enter(const occupant& o) noexcept;
  /// The same, for a step that may be pending for long.
  int enter_pending(const occupant& o) noexcept;
  void leave(int slot) noexcept;
  /// The user code in this slot has come through its trial.
  void clear_suspect(int slot) noexcept;
  /// The user code in this slot is tried again. Only for the code that took the slot.
  void try_again(int slot, trial how) noexcept;
  /// A clean close: no user code runs.
  void close() noexcept;
  /// Frees all slots, and leaves the file: user code that still runs isn't seen any more.
  void detach() noexcept;

 private:
  struct cell;
  int enter(const occupant& o, unsigned first_cell, unsigned count, unsigned hint) noexcept;
  port::shared_mapping mapping_;
  cell* cells_ = nullptr;             // in mapping_
  std::atomic<unsigned> pending_{0};  // how many slots for pending steps are taken
};

/// Takes a crash slot for the time of a scope.
class slot_guard {
 public:
  slot_guard(crash_slots& s, const occupant& o) noexcept : slots_(s), slot_(s.enter(o)) {}
  slot_guard(const slot_guard&) = delete;
  slot_guard& operator=(const slot_guard&) = delete;
  ~slot_guard() { slots_.leave(slot_); }
  int slot() const noexcept { return slot_; }

 private:
  crash_slots& slots_;
  int slot_;
};

}  // namespace detail
}}  // namespace stet::v0
