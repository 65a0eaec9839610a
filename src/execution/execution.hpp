// Replays and drives the coroutine of one run: pure, no clock, no thread, no store.
//
// Invariants:
//  - commands are numbered as they are emitted, from 1;
//  - an event is invisible to the coroutine until it is delivered; it is delivered once, in the
//  order of the history;
//  - in a replay every emitted command is held against the recorded one, and nothing new is emitted
//  before the recorded
//    history has been gone through; a mismatch ends the replay with `problem()`;
//  - the coroutine runs only inside replay, deliver and drive_next; a frame is destroyed only
//  outside of them.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stet/definition.hpp>

#include "execution/errors.hpp"
#include "history/record.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// What one delivery brought: given by whoever drives, used again and again.
struct drive_output {
  std::string records;  // the commands, encoded
  // Steps and children among them, by number: one that was given up in the same drive may be gone.
  std::vector<std::pair<std::uint32_t, request*>> begun;
  std::vector<std::uint32_t> given_up;  // commands that were cancelled
  std::vector<waiter*> ready;           // work space: who is to be told
  void clear() noexcept {
    records.clear();
    begun.clear();
    given_up.clear();
    ready.clear();
  }
};

/// What an execution needs of whoever drives it.
class execution_host {
 public:
  /// A pending step is given up: don't begin its body, or ask it to stop. True if a body runs and
  /// must be waited for.
  virtual bool stop_body(std::uint64_t run, std::uint32_t command) noexcept = 0;
  /// The number for a child run.
  virtual std::uint64_t new_run_number() noexcept = 0;
  virtual void log(std::string_view id, std::string_view line) noexcept = 0;

 protected:
  ~execution_host() = default;
};

class execution : private waiter {
 public:
  /// `host` may be null for a replay that is only a check.
  execution(definition& d, const error_registry& errors, execution_host* host, std::uint64_t run,
            std::string_view id);
  execution(const execution&) = delete;
  execution& operator=(const execution&) = delete;
  ~execution();

  /// Goes through a recorded history from its first record. False if it doesn't fit: see problem().
  bool replay(std::string_view history, drive_output& work);
  /// Drives the coroutine by an event that has just been recorded as driven. False: see problem().
  bool deliver(const record& event, drive_output& out);
  /// Keeps an event that has been recorded as undriven.
  void queue(std::string_view event_record) { undriven_.emplace_back(event_record); }
  std::size_t queued() const noexcept { return undriven_.size(); }
  /// Drives the coroutine by the oldest undriven event, at `time`. False: see problem().
  bool drive_next(std::int64_t time, drive_output& out);

  /// The record that ended the run has been emitted.
  bool ended() const noexcept { return ended_; }
  bool waits_for_nothing() const noexcept { return !ended_ && pending_.empty(); }
  /// Why it can't go on; empty if it can.
  const std::string& problem() const noexcept { return problem_; }
  /// Whoever drives has found something wrong: it goes no further.
  void reject(std::string problem) { problem_ = std::move(problem); }
  /// A pending step or child.
  request* find(std::uint32_t command) noexcept;

  std::string_view id() const noexcept { return id_; }
  std::int64_t now() const noexcept { return now_; }
  bool replaying() const noexcept { return replay_ != nullptr; }
  std::uint64_t random() noexcept;
  void log(std::string_view line) noexcept;
  context& user_context() noexcept { return context_; }
  const error_registry& errors() const noexcept { return errors_; }

  // Called from operations while the coroutine runs.
  bool begin(command& c, environment e, waiter& w) noexcept;
  void give_up(command& c, const std::string& reason) noexcept;
  void unlink(command& c) noexcept;

 private:
  struct recorded {  // a replay's place in the history
    source rest;
    record next{};
    bool has_next = false;
  };
  bool peek();
  void diverge(const record& emitted) noexcept;
  /// Emits or compares; returns the record's flags, from the history if there is one.
  std::uint8_t emit(record r) noexcept;
  std::uint64_t child_number() noexcept;
  void dispatch(const record& event);
  void start(const record& event);
  void answer(const record& event);
  void complete(command& c) noexcept;
  void drain();
  void finish();
  command* find_pending(std::uint32_t number) noexcept;
  static std::coroutine_handle<> root_ended(waiter& w) noexcept;

  definition& definition_;
  const error_registry& errors_;
  execution_host* host_;
  std::uint64_t run_;
  std::string id_;
  context context_;
  std::unique_ptr<scope> top_;
  std::unique_ptr<root> root_;
  recorded* replay_ = nullptr;         // while it replays
  drive_output* out_ = nullptr;        // while the coroutine runs
  std::vector<command*> pending_;      // by number
  std::vector<std::string> undriven_;  // events
  std::string problem_;
  std::uint64_t random_state_ = 0;
  std::int64_t now_ = 0;
  std::uint32_t last_command_ = 0;
  std::uint32_t refused_ = 0;  // awaits after cancellation
  const char* file_ = "";      // where the command stands that is being emitted
  bool root_done_ = false;
  bool ended_ = false;
  bool swallows_ = false;  // it goes on in spite of its cancellation
};

}  // namespace detail
}}  // namespace stet::v0
