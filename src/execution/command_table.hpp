// The commands that a run has emitted and that aren't answered: steps, sleeps, children,
// conditions, promises, messages.
//
// Invariants: commands are numbered from 1 in the order in which they are emitted. A condition is
// tested when nothing else is ready: the oldest first, and one at a time, so that the effect of a
// condition that was met is seen before the next one is tested.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include <stet/definition.hpp>
#include <stet/scope.hpp>

#include "base/by_number.hpp"
#include "execution/conditions.hpp"
#include "execution/replay_cursor.hpp"

namespace stet { inline namespace v0 { namespace detail {

class command_table {
 public:
  command_table(execution& run, replay_cursor& e) noexcept : run_(run), cursor_(e) {}

  // ------------------------------------------------------------ operations, while the code runs
  /// Awaits an operation. Returns true if it is answered already.
  bool begin(command& c, environment e, waiter& w) noexcept;
  /// Emits a command for the whole run, which no scope cancels.
  void hold(command& c);
  void give_up(command& c, const std::string& reason) noexcept;
  void unlink(command& c) noexcept;
  /// Ends every wait for what this scope, and the scopes in it, have asked for: the code that waits
  /// may not run any more.
  void abandon(scope& s) noexcept;
  /// Returns true if some of its code waits for a command, or is about to be resumed.
  bool is_suspended(const scope& s) const noexcept;

  // ------------------------------------------------------------ events
  /// Answers a command by an event. Ignores a command that was given up meanwhile, or that already
  /// had its outcome. `payload`, if given, is what the event's payload refers to: it may be taken.
  void answer(const record& event, std::string* payload = nullptr);
  /// The run has got a signal with this name.
  void signal_came(std::string_view name) noexcept { conditions_.signal_came(name); }
  /// Answers a condition that holds by now. Returns false if none does.
  bool meet_condition() noexcept;

  bool empty() const noexcept { return pending_.empty(); }
  /// How often conditions have been tested.
  std::uint64_t looks() const noexcept { return looks_; }
  /// Returns a pending step, child, promise or message, or null if the run has no such command.
  request* find(command_number number) noexcept;
  /// Returns true if the run goes on in spite of its cancellation, again and again.
  bool swallows() const noexcept { return swallows_; }
  static constexpr std::uint32_t refused_awaits_max = 1000;
  /// The number of the latest command, and its place in the source. They change while the run is
  /// driven.
  const command_number& last_command() const noexcept { return last_command_; }
  const source_point& last_at() const noexcept { return at_; }
  /// The run is destroyed: drops its commands.
  void clear() noexcept;

 private:
  command* find_pending(command_number number) noexcept;
  std::uint8_t record_command(command& c) noexcept;
  void fill_in(record& r, request& q);
  void count_from_here(record& r) noexcept;
  bool look(condition& c) noexcept;
  void complete(command& c) noexcept;
  void withdraw(command_number command) noexcept;

  execution& run_;
  replay_cursor& cursor_;
  by_number<command*, command_number> pending_;
  conditions conditions_;  // the conditions among the commands
  command_number last_command_;
  std::uint64_t looks_ = 0;
  std::uint32_t refused_ = 0;  // awaits after cancellation
  source_point at_;            // the latest command's place
  bool swallows_ = false;
};

/// Returns true if a scope is `outer`, or is within it.
bool is_within(const scope* s, const scope& outer) noexcept;

}}}  // namespace stet::v0::detail
