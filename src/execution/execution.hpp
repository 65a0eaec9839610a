// Replays and drives the coroutine of one run: pure, no clock, no thread, no store.
//
// Invariants:
//  - commands are numbered as they are emitted, from 1;
//  - an event is invisible to the coroutine until it is delivered; it is delivered once, in the
//  order of the history;
//  - in a replay every emitted command is held against the recorded one, and nothing new is emitted
//  before the recorded
//    history has been gone through; a mismatch ends the replay with `problem()`;
//  - a condition is looked at when nothing else is ready, the oldest first, and one at a time: what
//  it took is seen before the next one is looked at;
//  - the coroutine runs only inside replay, deliver and drive_next; a frame is destroyed only
//  outside of them, but an update's whose handler is destroyed by its own workflow;
//  - while a frame is destroyed, destructors in it find everything inert: see `destroying`.
#pragma once
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stet/definition.hpp>
#include <stet/messages.hpp>

#include "base/by_number.hpp"
#include "base/hooks.hpp"
#include "execution/errors.hpp"
#include "execution/limits.hpp"
#include "execution/token.hpp"
#include "history/record.hpp"

namespace stet { inline namespace v0 { namespace detail {

inline constexpr std::size_t patch_bytes_max = 200;

/// A step, a child or a message that a drive asks its host for.
struct intent {
  std::uint32_t command = 0;
  request* what = nullptr;  // null: it was given up in the same drive, and may be gone
  std::uint64_t child = 0;  // the child's run
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

/// What an execution needs of whoever drives it.
class execution_host {
 public:
  /// A pending step is given up: don't begin its body, or ask it to stop. True if a body runs and
  /// must be waited for.
  virtual bool stop_body(std::uint64_t run, std::uint32_t command) noexcept = 0;
  /// What a body of this step refers to goes now: returns when it has left it.
  virtual void await_body(std::uint64_t run, std::uint32_t command) noexcept = 0;
  /// The number for a child run.
  virtual std::uint64_t new_run_number() noexcept = 0;
  /// How long ago the event happened that drives the run, ms.
  virtual std::int64_t late_by() noexcept { return 0; }
  virtual void log(std::string_view id, std::string_view line) noexcept = 0;

 protected:
  ~execution_host() = default;
};

/// A signal that a run has been given and not read.
struct message {
  std::string name, key, payload;
};

/// An update that waits for its turn.
struct waiting_update {
  std::string name, id, arguments;
  std::uint32_t number = 0;
};

/// The answer to an update.
struct update_answer {
  std::uint32_t number = 0;  // of the run's updates, from 1
  bool done = false;
  bool unnamed = false;              // the engine made its id
  std::string payload;               // what its handler returned
  std::unique_ptr<failure> failure;  // or how it failed
};

/// What the history of a run says of the update with this id, and not what today's code would
/// answer; nothing if the run hasn't had it.
std::optional<update_answer> find_update(std::string_view history, std::string_view id);

/// What a run gives the one that continues it.
struct continued_as {
  std::string workflow, arguments;
  std::uint64_t run = 0;
};

class execution : private waiter {
 public:
  /// `host` may be null for a replay that is only a check.
  execution(definition& d, const error_registry& errors, execution_host* host, std::uint64_t run,
            std::string_view id);
  execution(const execution&) = delete;
  execution& operator=(const execution&) = delete;
  ~execution();

  /// Goes through a recorded history from its first record, or through its first `events_max`
  /// events that drive. False if it doesn't fit: see problem().
  bool replay(std::string_view history, drive_output& work, std::size_t events_max = SIZE_MAX);
  /// Drives the coroutine by an event that has just been recorded as driven. False: see problem().
  bool deliver(const record& event, drive_output& out);
  /// Keeps an event that has been recorded as undriven.
  void queue(std::string event_record) { undriven_.push_back(std::move(event_record)); }
  std::size_t queued() const noexcept { return undriven_.size(); }
  /// The oldest of them, no longer queued: it drives at `time`. `bytes` is to keep what it names.
  /// Throws malformed if there is none.
  record take_queued(std::string& bytes, std::int64_t time);
  /// Drives the coroutine by the oldest undriven event, at `time`. False: see problem().
  bool drive_next(std::int64_t time, drive_output& out);

  // ------------------------------------------------------------ messages
  /// Calls the handler of a query. Throws errc::not_found if there is none, and what it throws.
  std::string answer_query(std::string_view name, std::string_view arguments);
  /// The same when the workflow's own coroutine returns, its variables still there: before replay.
  void answer_at_return(std::string_view name, std::string_view arguments) {
    at_return_.emplace(name, arguments);
  }
  /// What came of that: nothing if the coroutine didn't return. Throws what the handler threw.
  std::optional<std::string> answered_at_return();
  /// Whether a signal with this key, or an update with this id, is in the history already.
  bool knows_signal(std::string_view key) const;
  /// Whether an update with this id is among the events that haven't driven it.
  bool has_queued_update(std::string_view id) const { return has_queued(record_kind::update, id); }
  /// Every key of a signal and id of an update in the history.
  void visit_sent(
      const std::function<void(record_kind, std::uint8_t flags, std::string_view)>& visit) const;
  const update_answer* find_update(std::string_view id) const noexcept;
  /// Throws errc::rejected with what the validator says, or because there is no handler.
  void validate(std::string_view update, std::string_view arguments);
  std::size_t open_updates() const noexcept;
  const std::optional<continued_as>& continues() const noexcept { return continues_; }
  /// What the run was sent and has not looked at, as the records of these events: signals that were
  /// not read, updates that have not begun, then all events that have not driven it, each in their
  /// order.
  std::vector<std::string> unseen() const;

  std::uint64_t run() const noexcept { return run_; }
  /// The number of the latest command, and where it stands. They change while it is driven.
  const std::uint32_t& last_command() const noexcept { return last_command_; }
  const source_point& last_at() const noexcept { return at_; }
  /// The record that ended the run has been emitted, or others have ended it in its history.
  bool ended() const noexcept { return ended_; }
  bool waits_for_nothing() const noexcept { return !ended_ && pending_.empty(); }
  /// Why it can't go on; empty if it can.
  const std::string& problem() const noexcept { return problem_; }
  /// Whoever drives has found something wrong: it goes no further.
  void reject(std::string problem) { problem_ = std::move(problem); }
  /// There was no memory for what it did: it goes no further. In memory only: it can be tried
  /// again.
  void starve() noexcept {
    starved_ = true;
    problem_ = "out of memory";  // short enough to need none
  }
  bool starved() const noexcept { return starved_; }
  /// A pending step or child.
  request* find(std::uint32_t command) noexcept;

  std::string_view id() const noexcept { return id_; }
  /// What a crash slot says of the id: its crc32c.
  std::uint32_t id_checksum() const noexcept { return id_checksum_; }
  std::int64_t now() const noexcept { return now_; }
  bool replaying() const noexcept { return replay_ != nullptr; }
  std::uint64_t random() noexcept;
  void log(std::string_view line) noexcept;
  context& user_context() noexcept { return context_; }
  const error_registry& errors() const noexcept { return errors_; }

  // Called from operations while the coroutine runs.
  bool begin(command& c, environment e, waiter& w) noexcept;
  /// A command of the whole run. Throws errc::usage outside of a workflow.
  void hold(command& c);
  std::string token_of(std::uint32_t command) const {
    return detail::token_of(run_, command, seed_, secret_);
  }
  /// What a list shows of the run. Throws errc::usage outside of a workflow.
  void show(std::uint8_t what, std::string_view bytes);
  /// context::patched and deprecate_patch, of an id that was checked.
  bool patched(std::string_view patch, std::uint32_t line);
  /// Whether it has been asked for, and the run takes its new way.
  bool knows_patch(std::string_view patch) const noexcept {
    auto known = patches_.find(patch);
    return known != patches_.end() && known->second;
  }
  void deprecate_patch(std::string_view patch, std::uint32_t line);
  /// Throws errc::usage outside of a workflow's own code.
  void must_run(std::string_view what) const;
  /// Stet destroys a frame of the run: what destructors in it ask for is neither done nor refused.
  bool is_inert() const noexcept { return destroying_ > 0 && !STET_SEEDED(destructors_act); }
  /// The workflow's own code runs: what it asks for is emitted.
  bool runs() const noexcept { return out_ && !is_inert(); }
  bool take_message(std::string_view name, std::string& payload);
  bool continue_as(continued_as next, const v0::scope& s, std::string& refused) noexcept;
  bool continue_suggested() const noexcept {
    return records_ >= STET_HOOKED(long_history, records_suggested_max);
  }
  /// False: the run is inert, and doesn't know it.
  bool add(handler& h);
  void remove(handler& h) noexcept;
  void root_returns() noexcept;
  void give_up(command& c, const std::string& reason) noexcept;
  void unlink(command& c) noexcept;

  /// Records that drove, or were emitted.
  std::uint64_t records() const noexcept { return records_; }
  /// In a replay: the history says here that this condition holds.
  bool says_met(const condition& c);

  static constexpr std::uint64_t records_suggested_max = 4096;

 private:
  /// As long as one lives, the run is inert.
  class destroying {
   public:
    explicit destroying(execution& e) noexcept : run_(e) { ++run_.destroying_; }
    destroying(const destroying&) = delete;
    destroying& operator=(const destroying&) = delete;
    ~destroying() { --run_.destroying_; }

   private:
    execution& run_;
    payload_limit unlimited_{SIZE_MAX};  // else an operation that is only made may be refused
  };
  struct running_update : waiter {
    running_update(execution& e, handler& h, std::string i, std::uint32_t n)
        : waiter(&execution::update_ended), run(e), by(&h), id(std::move(i)), number(n) {}
    execution& run;
    handler* by;
    std::string id;
    std::uint32_t number;
    v0::scope part;
    std::unique_ptr<root> work;
    bool ended = false;
  };
  struct recorded {  // a replay's place in the history
    source rest;
    record next{};
    bool has_next = false;
  };
  bool has_queued(record_kind k, std::string_view target) const;
  bool peek();
  bool finds_marker(std::string_view patch) noexcept;
  void mark(std::string_view patch, std::uint32_t line) noexcept;
  void diverge(const record& emitted) noexcept;
  /// Emits or compares; returns the record's flags, from the history if there is one.
  std::uint8_t emit(record r) noexcept;
  std::uint64_t child_number() noexcept;
  void reject_by(const std::exception_ptr& thrown) noexcept;
  void dispatch(const record& event);
  void start(const record& event);
  void answer(const record& event);
  void complete(command& c) noexcept;
  void drain();
  void finish();
  bool stops() const noexcept { return root_done_ || swallows_ || continues_; }
  bool look(condition& c) noexcept;
  bool meet_condition() noexcept;
  std::uint8_t record_command(command& c) noexcept;
  void count_from_here(record& r) noexcept;
  void begin_update(const record& event);
  void run_update(handler& h, waiting_update w);
  bool begin_waiting();
  bool exclusive_runs() const noexcept;
  void withdraw(std::uint32_t command) noexcept;
  void refuse_update(const waiting_update& w, const std::exception_ptr& why);
  void record_answer(const std::string& id, std::uint32_t number, const std::exception_ptr& failed,
                     root* work) noexcept;
  void end_update(running_update& u, const std::exception_ptr& failed) noexcept;
  void fail_update(running_update& u, const char* why) noexcept;
  void abandon_update(running_update& u) noexcept;
  bool is_suspended(const v0::scope& s) const noexcept;
  static bool is_within(const v0::scope* s, const v0::scope& outer) noexcept;
  void abandon(v0::scope& s) noexcept;
  handler* find_handler(handler::kind k, std::string_view name) const noexcept;
  static std::coroutine_handle<> update_ended(waiter& w) noexcept;
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
  recorded* replay_ = nullptr;   // while it replays
  drive_output* out_ = nullptr;  // while the coroutine runs
  by_number<command*> pending_;
  std::vector<condition*> conditions_;  // those among them
  std::list<message> unread_;  // signals (an empty list needs no memory, an empty deque does)
  std::set<std::string, std::less<>> keys_;
  std::vector<handler*> handlers_;
  std::list<running_update> running_;
  std::list<waiting_update> waiting_;
  std::map<std::string, update_answer, std::less<>> updates_;
  std::optional<continued_as> continues_;
  std::optional<std::pair<std::string, std::string>> at_return_;
  std::optional<std::string> answer_at_return_;
  std::exception_ptr failed_at_return_;
  std::list<std::string> undriven_;                   // events
  std::map<std::string, bool, std::less<>> patches_;  // that were asked for: the run's answers
  std::string problem_;
  std::size_t limit_ = payload_bytes_ceiling;  // of payloads that the run makes, since its start
  std::uint64_t random_state_ = 0;
  std::uint64_t seed_[2] = {0, 0};
  hash_key secret_{};
  std::uint64_t records_ = 0;  // that drove, or were emitted
  std::int64_t now_ = 0;
  std::uint32_t last_command_ = 0;
  std::uint32_t last_update_ = 0;
  std::uint32_t refused_ = 0;  // awaits after cancellation
  const char* file_ = "";      // where the command stands that is being emitted
  source_point at_;            // where the latest one stands
  int destroying_ = 0;         // frames of it, one within another
  bool root_done_ = false;
  bool ended_ = false;
  bool starved_ = false;
  bool swallows_ = false;  // it goes on in spite of its cancellation
  const std::uint32_t id_checksum_;
};

}  // namespace detail
}}  // namespace stet::v0
