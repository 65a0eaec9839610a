// A call from outside. It lives on its caller's stack, is performed on the loop, and is answered
// when everything that the answer depends on is durable.
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

/// The answer to a call, and the LSN of the last record on which it depends: the caller goes on
/// when that record is durable.
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
  /// call is kept and answered later. If it throws, the caller gets the exception.
  virtual std::optional<record_lsn> perform(calls_room& c) = 0;
  /// On the loop: the caller may go on. The call may be gone when this returns.
  void done(std::exception_ptr error = nullptr) noexcept {
    leave();
    port::lock_guard lock(mutex_);
    if (error) error_ = std::move(error);
    done_ = true;
    woken_.notify_all();  // under the lock: the caller destroys the call as soon as it has the lock
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
    // A longer time would overflow the clock.
    constexpr duration longest = std::chrono::hours(24 * 365 * 100);
    port::unique_lock lock(mutex_);
    const auto end = std::chrono::steady_clock::now() + std::min(d, longest);
    while (!done_ && woken_.wait_until(lock, end)) {}
    return done_;
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

  /// On the loop: adds this call to the chain that begins with `all`, until it is done or leaves.
  /// All open calls are in that chain, also those that other parts keep.
  void join(call*& all) noexcept {
    next_ = std::exchange(all, this);
    at_ = &all;
    if (next_) next_->at_ = &next_;
  }
  /// The call after this one in the chain.
  call* next() const noexcept { return next_; }
  void leave() noexcept {
    if (!at_) return;
    *at_ = next_;
    if (next_) next_->at_ = at_;
    at_ = nullptr;
  }

  bool of_body = false;        // the body of a step waits for it
  bool needs_room = true;      // false: it is performed also while the store refuses to write
  bool only_looks = false;     // performed again if the store refuses the records it depends on
  bool waits_for_run = false;  // it may take as long as a run does

 protected:
  ~call() = default;

 private:
  port::mutex mutex_;
  port::condition woken_;
  bool done_ STET_GUARDED_BY(mutex_) = false;
  std::exception_ptr error_;  // the loop's before done_, then the caller's
  call* next_ = nullptr;      // in the chain
  call** at_ = nullptr;       // the pointer to this call in the chain; null if it is in none
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

/// Waits for something that a run does, with a limit if the caller wants one.
class waiting_call : public call {
 public:
  explicit waiting_call(run_ref r) : target(r) {
    needs_room = false;
    waits_for_run = true;
  }
  run_ref target;  // the run that it waits for

 protected:
  ~waiting_call() = default;
};

/// Waits for the end of a run, and of the runs that continue it.
class outcome_call final : public waiting_call {
 public:
  using waiting_call::waiting_call;
  std::optional<record_lsn> perform(calls_room& c) override;
  run_outcome outcome;
};

/// Waits until a run has other records than these.
class change_call final : public waiting_call {
 public:
  change_call(run_ref r, std::uint64_t n) : waiting_call(r), records(n) {}
  std::optional<record_lsn> perform(calls_room& c) override;
  std::uint64_t records;  // that the caller knows
};

/// Sends an update, or attaches to one that was sent, and waits until it is accepted or answered.
class update_call final : public waiting_call {
 public:
  update_call(run_ref r, const update_request& u, update_stage s)
      : waiting_call(r), request(u), until(s) {}
  std::optional<record_lsn> perform(calls_room& c) override;
  const update_request& request;
  update_stage until;
  const start_request* start = nullptr;  // starts the run that gets it, if there is none
  std::string_view workflow;
  std::optional<start_result> started;
  update_outcome outcome;
};

}  // namespace detail
}}  // namespace stet::v0
