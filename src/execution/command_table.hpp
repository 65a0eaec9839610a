// The commands that a run has emitted and that aren't answered: steps, sleeps, children,
// conditions, promises, messages.
//
// Invariants: commands are numbered as they are emitted, from 1; a condition is looked at when
// nothing else is ready, the oldest first, and one at a time: what it took is seen before the next
// one is looked at.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <stet/definition.hpp>
#include <stet/scope.hpp>

#include "base/by_number.hpp"
#include "execution/emitter.hpp"

namespace stet { inline namespace v0 { namespace detail {

class command_table {
 public:
  command_table(execution& run, emitter& e) noexcept : run_(run), emitter_(e) {}

  // ------------------------------------------------------------ operations, while the code runs
  /// An operation is awaited. Returns true if it is answered already.
  bool begin(command& c, environment e, waiter& w) noexcept;
  /// A command of the whole run, which no scope cancels.
  void hold(command& c);
  void give_up(command& c, const std::string& reason) noexcept;
  void unlink(command& c) noexcept;
  /// Nobody waits for what this scope, and those in it, have asked for: no code that does may run
  /// any more.
  void abandon(scope& s) noexcept;
  /// Some of its code waits for a command, or is about to be told.
  bool is_suspended(const scope& s) const noexcept;

  // ------------------------------------------------------------ events
  /// An event answers a command; one that was given up since, or whose outcome stood, is nothing.
  void answer(const record& event);
  /// If a condition holds by now it is answered. Returns false if none does.
  bool meet_condition() noexcept;

  bool empty() const noexcept { return pending_.empty(); }
  /// A pending step, child, promise or message; null if there is none.
  request* find(command_number number) noexcept;
  /// The run goes on in spite of its cancellation, again and again.
  bool swallows() const noexcept { return swallows_; }
  static constexpr std::uint32_t refused_awaits_max = 1000;
  /// The number of the latest command, and where it stands. They change while the run is driven.
  const command_number& last_command() const noexcept { return last_command_; }
  const source_point& last_at() const noexcept { return at_; }
  /// The run goes, and what is held for it.
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
  emitter& emitter_;
  by_number<command*, command_number> pending_;
  std::vector<condition*> conditions_;  // those among them
  command_number last_command_;
  std::uint32_t refused_ = 0;  // awaits after cancellation
  source_point at_;            // where the latest one stands
  bool swallows_ = false;
};

/// Whether a scope is this one, or within it.
bool is_within(const scope* s, const scope& outer) noexcept;

}}}  // namespace stet::v0::detail
