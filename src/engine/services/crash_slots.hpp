// Who was in user code when the process died: a small file mapped into memory, beside the store.
//
// It need survive the death of the process only, never a power cut, so nothing is ever flushed. A
// slot is taken when user code begins and freed when it ends; what is still taken when the next
// engine opens the file was running at the death. A non-blocking step has a second one, among those
// for what is pending, from its beginning until it is completed: its callbacks run in between.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// How a suspect is tried: see suspects.hpp.
enum class trial : std::uint8_t { none, beside, alone };

/// What a workflow's own code does: it handles an event, replays those that it has handled, answers
/// a question, or (its destructors) is destroyed.
struct code_use {
  static constexpr std::uint32_t replays = 0, answers_query = 1000, validates = 1001,
                                 destroys = 1002;
  std::uint32_t what = replays;         // or the kind of the event, plus one
  command_number command = no_command;  // that the event answers
  std::uint32_t content = 0;  // a checksum, where the command doesn't tell one from another
  friend bool operator==(const code_use&, const code_use&) = default;
};

/// User code: a step's attempt, or (command 0) the workflow's own code.
struct occupant {
  run_number run;
  command_number command = no_command;
  std::uint32_t attempt = 0;
  trial tried = trial::none;
  // Of the workflow's own code:
  code_use use{};
  std::uint64_t records = 0;  // of the run, when the code was entered
  std::uint32_t id = 0;       // a checksum of the run's id: its start may not be durable yet
};

class crash_slots {
 public:
  crash_slots() = default;
  crash_slots(const crash_slots&) = delete;
  crash_slots& operator=(const crash_slots&) = delete;
  ~crash_slots();

  /// Maps the file, reads who was there and clears it. An empty path, or a file that can't be had
  /// or that the disk has no room for: no crash_slots, no suspects.
  std::vector<occupant> open(const std::string& path);
  /// Any thread. Returns a slot, or -1 if there is none.
  int enter(const occupant& o) noexcept;
  /// The same, for a step that may be pending for long.
  int enter_pending(const occupant& o) noexcept;
  void leave(int slot) noexcept;
  /// Whoever is there has come through its trial.
  void clear_suspect(int slot) noexcept;
  /// Whoever is there is tried again. For who took the slot.
  void try_again(int slot, trial how) noexcept;
  /// A clean close: nobody is in user code.
  void close() noexcept;
  /// And who still is, isn't seen any more.
  void detach() noexcept;

 private:
  struct cell;
  int enter(const occupant& o, unsigned first_cell, unsigned count, unsigned hint) noexcept;
  cell* cells_ = nullptr;
  std::atomic<unsigned> hint_{0};
  std::atomic<unsigned> pending_{0};  // slots for pending steps that are taken
};

/// Notes user code for the time of a scope.
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
