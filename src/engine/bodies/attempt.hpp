// One attempt of a step. It goes to a thread, and comes back with its outcome.
#pragma once
#include <atomic>
#include <compare>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include <stet/blob.hpp>
#include <stet/environment.hpp>
#include <stet/scope.hpp>

#include "base/engine_time.hpp"
#include "engine/bodies/completion.hpp"
#include "engine/bodies/work_queue.hpp"
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

/// The step and the number of an attempt. The loop writes it before the attempt is submitted; from
/// then on it is only read.
struct attempt_order {
  run_number run;
  command_number command;
  std::uint32_t number = 1;
  trial tried = trial::none;  // how it is tried as a suspect
  std::string progress;       // what an earlier attempt's heartbeat said
};

/// The entries and blobs that a body has written, to be recorded with its result.
struct written_entries {
  table_writes entries;
  std::uint64_t kept_bytes = 0;
  std::uint32_t kept_count = 0;  // number of blobs
};

/// The outcome of an attempt. It is written by the thread that ends the attempt (the body's, or the
/// one that settles its completion), and read by the loop when the attempt is back.
struct attempt_outcome {
  std::int64_t ended = 0;  // ms, steady; only for a step with a time-out
  std::string result;
  std::exception_ptr error;
  bool threw = false;        // by its body, or a rejection: `error` isn't the engine's
  bool was_stopped = false;  // the attempt ended after it was asked to stop
  std::unique_ptr<written_entries> written;  // by few bodies

  written_entries& writes() {
    if (!written) written = std::make_unique<written_entries>();
    return *written;
  }
  table_writes take_entries() noexcept {
    return written ? std::move(written->entries) : table_writes();
  }
};

/// The loop's own notes about an attempt.
struct attempt_ticket {
  record_lsn lsn;          // of the last record that must be durable before it begins
  std::size_t index = 0;   // in its run's list
  bool runs_here = false;  // on the loop, though there may be threads
  bool submitted = false;
  bool timed_out = false;                       // its time was up; a late result doesn't count
  bool left_behind = false;                     // nothing waits for it any more
  bool warned = false;                          // it was reported as late
  std::string late;                             // which time was up, as a text
  engine_time deadline = engine_time::never();  // of this attempt
};

/// The loop makes and destroys attempts; run() may be called on another thread. An attempt that was
/// submitted comes back exactly once, whether it ran or was revoked.
class attempt final : public ranked_work {
 public:
  enum class phase : int { waiting, running, revoked, left };

  attempt(bodies& h, resident& r, const run_state& s, request& b)
      : home(h), run_of(r), state_of_run(s), body(&b) {
    hold_body();
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
  /// Loop, instead of run(), for a transaction. Its entries are in `outcome.written`.
  void transact(const user_tables& below, std::string_view name_space) noexcept;
  /// Loop, before the attempt is submitted: the frame was rebuilt, and `b` is the body from now on.
  void rebind(request& b) noexcept {
    auto* before = std::exchange(body, &b);
    hold_body();
    before->drop();
  }
  std::string idempotency_key() const;
  /// For the body: keeps bytes that go with the result.
  blob keep(std::string_view bytes);
  /// Loop: the attempt must not begin. Returns false if it has begun.
  bool revoke() noexcept;
  /// Loop: asks a running body to return, or a pending operation to end.
  void ask_to_stop() noexcept {
    stop.store(true, std::memory_order_relaxed);
    if (later) later->ask_to_stop();
  }
  /// Loop: the body has returned, and its completion is still awaited.
  bool is_pending() const noexcept { return later && later->is_pending(); }
  /// The outcome is set, and the attempt is over.
  void ends() noexcept;
  std::exception_ptr too_large() const noexcept;
  /// Whether a close, a stall of the run or anything else has asked the body to return.
  bool is_asked_to_stop() const noexcept;
  /// The attempt as its crash slot names it.
  occupant noted() const noexcept { return {order.run, order.command, order.number, order.tried}; }
  /// Whether the body threw a stet::stopped.
  bool threw_stopped() const noexcept;

  bodies& home;
  resident& run_of;  // stays in memory while it has attempts; for the loop only
  const run_state& state_of_run;
  request* body;  // holds a reference
  attempt_order order;
  attempt_outcome outcome;
  attempt_ticket ticket;              // for the loop only
  completion_state* later = nullptr;  // holds a reference; set if its body takes a completion
  int pending_slot = -1;              // of `later`, until the attempt is over
  attempt* next_in_row = nullptr;
  std::atomic<phase> at{phase::waiting};
  std::atomic<bool> stop{false};
  std::atomic<bool> lends{false};       // its body waits for a run; others run meanwhile
  std::atomic<bool> got_on{false};      // as a suspect: its trial is over, though it goes on
  std::atomic<int> slot{-1};            // crash slot of its body, while that runs
  std::atomic<std::int64_t> began{-1};  // ms, steady; -1 too for a step without a time-out
  std::atomic<std::int64_t> beat{-1};   // ms, steady, of its last heartbeat; -1 if there is none

 private:
  void hold_body() noexcept {
    body->hold();
    ticket.runs_here = body->options.run_inline || body->transacts;
  }
  template <class F> bool perform(F f, std::exception_ptr& thrown) noexcept;
  bool is_timed() const noexcept;
  void forget_written() noexcept;
  template <class F> void intercepted(F f);
};

/// A queue of attempts. It allocates no memory.
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
  /// Takes the first attempt; null if the queue is empty.
  attempt* pop() noexcept {
    auto* a = first_;
    if (a) first_ = a->next_in_row;
    return a;
  }
  /// Takes all attempts of another queue, and appends them to this one.
  void take(attempt_row& o) noexcept {
    while (auto* a = o.pop()) push(*a);
  }

 private:
  attempt *first_ = nullptr, *last_ = nullptr;
};

}  // namespace detail
}}  // namespace stet::v0
