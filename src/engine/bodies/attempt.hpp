// One attempt of a step: what goes to a thread, and comes back.
#pragma once
#include <atomic>
#include <compare>
#include <cstdint>
#include <exception>
#include <string>

#include <stet/blob.hpp>
#include <stet/environment.hpp>
#include <stet/scope.hpp>

#include "engine/bodies/completion.hpp"
#include "engine/services/crash_slots.hpp"
#include "engine/tables/user_tables.hpp"

namespace stet { inline namespace v0 { namespace detail {

class attempt;
class bodies;
struct resident;
struct run_state;
class user_tables;
/// The attempt whose body this thread is running; null if there is none.
attempt* attempt_of_thread() noexcept;

/// What an attempt is of. Written by the loop before it is submitted, then only read.
struct attempt_order {
  run_number run;
  std::uint64_t seed[2] = {0, 0};
  command_number command;
  std::uint32_t number = 1;
  trial tried = trial::none;  // as a suspect
  std::string progress;       // of an earlier attempt
};

/// What came of it. Written by whoever ends it: its body's thread, or who settles its completion;
/// read by the loop when it is back.
struct attempt_outcome {
  std::int64_t ended = 0;  // ms, steady, if it has a time-out
  std::string result;
  std::exception_ptr error;
  bool threw = false;        // its body, or who rejected it: `error` isn't the engine's
  bool was_stopped = false;  // it ended after it was asked to stop
  table_writes writes;
  std::uint64_t kept_bytes = 0;
  std::uint32_t kept_count = 0;  // blobs
};

/// What the loop knows of it.
struct attempt_ticket {
  record_lsn lsn;         // of the last record that must be durable before it begins
  std::size_t index = 0;  // in its run's list
  bool submitted = false;
  bool timed_out = false;             // its time was up; a late result doesn't count
  bool left_behind = false;           // nobody waits for it any more
  bool warned = false;                // it was reported as late
  std::string late;                   // if it timed out: which time
  std::int64_t deadline = INT64_MAX;  // ms, engine clock; of this attempt
};

/// Made and destroyed by the engine's loop; run() may be on another thread. What is submitted comes
/// back exactly once, whether it ran or was revoked.
class attempt final : public work {
 public:
  enum class phase : int { waiting, running, revoked, left };

  attempt(bodies& h, resident& r, const run_state& s, request& b)
      : home(h), run_of(r), state_of_run(s), body(&b) {
    b.hold();
  }
  attempt(const attempt&) = delete;
  attempt& operator=(const attempt&) = delete;
  ~attempt() {
    if (later) later->let_go();
    body->drop();
  }

  void run() noexcept override;
  step_attempt about() const noexcept override;
  void count_time() noexcept override;
  /// Loop, instead of run(): one that transacts. What it wrote is in `writes`.
  void transact(const user_tables& below, std::string_view name_space) noexcept;
  /// Loop, before it is submitted: the frame was rebuilt, and this is its body now.
  void rebind(request& b) noexcept {
    b.hold();
    body->drop();
    body = &b;
  }
  std::string idempotency_key() const;
  /// Its body: bytes that go with the result.
  blob keep(std::string_view bytes);
  /// Loop: it must not begin. False if it has begun.
  bool revoke() noexcept;
  /// Loop: asks a body that runs to return, or what it began to end.
  void ask_to_stop() noexcept {
    stop.store(true, std::memory_order_relaxed);
    if (later) later->ask_to_stop();
  }
  /// Loop: its body has returned, and its completion is awaited.
  bool is_pending() const noexcept { return later && later->is_pending(); }
  /// Whoever has the outcome has set it: it is over.
  void ends() noexcept;
  std::exception_ptr too_large() const noexcept;
  /// A close, its run's stall or whatever else asks the body to return.
  bool is_asked_to_stop() const noexcept;
  /// As its crash slot says.
  occupant noted() const noexcept { return {order.run, order.command, order.number, order.tried}; }
  /// What came of it is a stet::stopped.
  bool threw_stopped() const noexcept;

  bodies& home;
  resident& run_of;  // stays in memory as long as it has attempts; the loop's
  const run_state& state_of_run;
  request* body;  // held
  attempt_order order;
  attempt_outcome outcome;
  attempt_ticket ticket;              // the loop's
  completion_state* later = nullptr;  // held, from its submission, if its body takes a completion
  int pending_slot = -1;              // of `later`, from its beginning to its end
  attempt* next_in_row = nullptr;
  std::atomic<phase> at{phase::waiting};
  std::atomic<bool> stop{false};
  std::atomic<bool> lends{false};       // its body waits for a run, and others go on meanwhile
  std::atomic<int> slot{-1};            // of its body, while that runs
  std::atomic<std::int64_t> began{-1};  // ms, steady; -1 too where nobody asks: inline, no time-out
  std::atomic<std::int64_t> beat{-1};   // ms, steady, of its last heartbeat; -1 if there is none

 private:
  template <class F> bool perform(F f, std::exception_ptr& thrown) noexcept;
  bool is_timed() const noexcept;
  void forget_written() noexcept;
  template <class F> void intercepted(F f);
};

/// Attempts one behind the other. Needs no memory.
class attempt_row {
 public:
  bool empty() const noexcept { return !first_; }
  void push(attempt& a) noexcept {
    a.next_in_row = nullptr;
    (first_ ? last_->next_in_row : first_) = &a;
    last_ = &a;
  }
  void push_front(attempt& a) noexcept {
    a.next_in_row = first_;
    if (!first_) last_ = &a;
    first_ = &a;
  }
  /// The first; null if there is none.
  attempt* pop() noexcept {
    auto* a = first_;
    if (a) first_ = a->next_in_row;
    return a;
  }
  /// All of them, behind these.
  void take(attempt_row& o) noexcept {
    while (auto* a = o.pop()) push(*a);
  }

 private:
  attempt *first_ = nullptr, *last_ = nullptr;
};

}  // namespace detail
}}  // namespace stet::v0
