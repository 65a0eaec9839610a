// A call from outside: lives on its caller's stack, is performed on the loop, answered when what it
// says is durable.
#pragma once
#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include <stet/engine.hpp>

#include "base/ids.hpp"
#include "port/mutex.hpp"

namespace stet { inline namespace v0 { namespace detail {

struct calls_room;

/// What a call gives, and the LSN of the last record on which that depends: the caller goes on when
/// it is durable.
template <class T> struct answer {
  T value;
  record_lsn lsn;
};
template <> struct answer<void> {
  record_lsn lsn;
};
/// The LSN of an answer that depends on all that was recorded.
inline constexpr record_lsn everything = record_lsn::max();

class call {
 public:
  call() = default;
  call(const call&) = delete;
  call& operator=(const call&) = delete;

  /// On the loop. Returns the LSN of the last record on which the answer depends, or nothing if the
  /// call was kept and is answered later. What it throws is the answer.
  virtual std::optional<record_lsn> perform(calls_room& c) = 0;
  /// On the loop: the caller may go on. The call may be gone when this returns.
  void done(std::exception_ptr error = nullptr) noexcept {
    leave();
    port::lock_guard lock(mutex_);
    if (error) error_ = std::move(error);
    done_ = true;
    woken_.notify_all();  // under the lock: the caller destroys the call as soon as it can take it
  }
  void fails(std::exception_ptr e) noexcept { error_ = std::move(e); }

  bool is_done() {
    port::lock_guard lock(mutex_);
    return done_;
  }
  void wait() {
    port::unique_lock lock(mutex_);
    while (!done_) woken_.wait(lock);
  }
  bool wait_for(duration d) {
    // Beyond that a clock's numbers end. Nobody sees the difference.
    constexpr duration longest = std::chrono::hours(24 * 365 * 100);
    port::unique_lock lock(mutex_);
    const auto end = std::chrono::steady_clock::now() + std::min(d, longest);
    while (!done_ && woken_.wait_until(lock, end)) {}
    return done_;
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

  /// On the loop: `all` is the first of a chain, and this call is in it until it is done or leaves.
  /// Whoever keeps it meanwhile may lose it: it is found there.
  void join(call*& all) noexcept {
    next_ = std::exchange(all, this);
    at_ = &all;
    if (next_) next_->at_ = &next_;
  }
  /// The one behind it in that chain.
  call* next() const noexcept { return next_; }
  void leave() noexcept {
    if (!at_) return;
    *at_ = next_;
    if (next_) next_->at_ = at_;
    at_ = nullptr;
  }

  bool of_body = false;        // a step's body waits for it
  bool needs_room = true;      // false: performed also while the store refuses to write
  bool only_looks = false;     // performed again if the store refuses what it depends on
  bool waits_for_run = false;  // it may take as long as a run does

 protected:
  ~call() = default;

 private:
  port::mutex mutex_;
  port::condition woken_;
  bool done_ STET_GUARDED_BY(mutex_) = false;
  std::exception_ptr error_;  // the loop's before done_, the caller's after it
  call* next_ = nullptr;      // in the chain
  call** at_ = nullptr;       // what points to this one there; null: it is in none
};

template <class T> struct value_of_answer;
template <class T> struct value_of_answer<answer<T>> {
  using type = T;
};

/// A call that is a function without arguments, which returns an answer.
template <class F> class function_call final : public call {
  using result = typename value_of_answer<std::invoke_result_t<F&>>::type;
  using kept = std::conditional_t<std::is_void_v<result>, std::monostate, result>;

 public:
  explicit function_call(F& f) noexcept : f_(f) {}
  std::optional<record_lsn> perform(calls_room&) override {
    auto a = f_();
    if constexpr (!std::is_void_v<result>) value_.emplace(std::move(a.value));
    return a.lsn;
  }
  result take() {
    rethrow();
    if constexpr (!std::is_void_v<result>) return *std::move(value_);
  }

 private:
  F& f_;
  std::optional<kept> value_;
};

/// Waits for something of a run: with a limit, if the caller likes.
class waiting_call : public call {
 public:
  explicit waiting_call(run_ref r) : of(r) {
    needs_room = false;
    waits_for_run = true;
  }
  run_ref of;  // it waits for this one

 protected:
  ~waiting_call() = default;
};

/// Waits for the end of a run, and of those that continue it.
class outcome_call final : public waiting_call {
 public:
  using waiting_call::waiting_call;
  std::optional<record_lsn> perform(calls_room& c) override;
  run_outcome outcome;
};

/// Sends an update, or waits for one that was sent, until it is accepted or answered.
class update_call final : public waiting_call {
 public:
  update_call(run_ref r, const update_request& u, update_stage s)
      : waiting_call(r), request(u), until(s) {}
  std::optional<record_lsn> perform(calls_room& c) override;
  const update_request& request;
  update_stage until;
  const start_request* start = nullptr;  // of the run that gets it, if there is none
  std::string_view workflow;
  std::optional<start_result> started;
  update_outcome outcome;
};

}  // namespace detail
}}  // namespace stet::v0
