// What goes wrong, and how it is told.
#pragma once
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include <stet/config.hpp>
#include <stet/export.hpp>

namespace stet { inline namespace v0 {

/// What kind of failure it is. On disk: never renumber.
enum class errc : unsigned char {
  usage = 0,             ///< the call itself is wrong: a bad argument, awaited twice, the engine is closed
  payload = 1,           ///< bytes that don't decode as the type asked for
  too_deep = 2,          ///< tasks await each other more than max_depth deep
  unknown_workflow = 3,  ///< no workflow of that name is defined
  conflict = 4,          ///< it exists already, or somebody else owns it
  not_found = 5,         ///< no such run
  rejected = 6,          ///< refused by the receiver
  step_failed = 7,       ///< the last attempt of a step threw
  step_timed_out = 8,    ///< the last attempt of a step, or all together, took too long
  step_interrupted = 9,  ///< an at_most_once step was cut short by a crash
  step_crashed = 10,     ///< a step brought the process down too often
  run_failed = 11,       ///< the workflow let an exception escape
  run_cancelled = 12,    ///< the run was cancelled
  run_terminated = 13,   ///< the run was terminated
  run_stalled = 14,      ///< the run is parked until a fixed build resumes it
  store = 15,            ///< the store failed
  corrupt = 16,          ///< what the store holds can't be trusted
  full = 17,             ///< no room in the store: nothing is lost, make room
  closed = 18,           ///< the engine is closed
  child_failed = 19,     ///< a child run failed
};

/// Every failure that Stet reports.
class STET_API error : public std::runtime_error {
 public:
  error(errc code, std::string_view operation, const std::string& message);
  error(const error&) = default;
  ~error() override;                                        // key function
  errc code() const noexcept { return code_; }
  /// What was being done: the step's, child's or run's name.
  const std::string& operation() const noexcept { return operation_; }

 private:
  errc code_;
  std::string operation_;
};

/// How something ended that threw: what the journal keeps of an exception.
struct failure {
  std::string type;       ///< The name of its error_type, else the C++ type as the compiler spells it.
  std::string message;    ///< what()
  std::string payload;    ///< encoded, if its type is declared
  unsigned attempts = 1;
};

/// Something durable failed: a step's last attempt, a child, a run whose result is asked for.
class STET_API failed : public error {
 public:
  failed(errc code, std::string_view operation, failure f);
  ~failed() override;
  /// The type of what was thrown; see failure::type.
  const std::string& type() const noexcept { return failure_.type; }
  /// What it said.
  const std::string& message() const noexcept { return failure_.message; }
  unsigned attempts() const noexcept { return failure_.attempts; }

 private:
  failure failure_;
};
class STET_API step_failed : public failed { public: using failed::failed; ~step_failed() override; };
class STET_API step_timed_out : public step_failed { public: using step_failed::step_failed; ~step_timed_out() override; };
class STET_API step_crashed : public step_failed { public: using step_failed::step_failed; ~step_crashed() override; };
class STET_API step_interrupted : public step_failed { public: using step_failed::step_failed; ~step_interrupted() override; };
class STET_API child_failed : public failed { public: using failed::failed; ~child_failed() override; };
class STET_API run_failed : public failed { public: using failed::failed; ~run_failed() override; };
class STET_API run_terminated : public error { public: using error::error; ~run_terminated() override; };
class STET_API run_cancelled : public error { public: using error::error; ~run_cancelled() override; };

/// Thrown by every await of a run, or of a scope, that was asked to end.
/// Deliberately no std::exception: code that handles failures must not take it for one. Let it pass.
class STET_API cancelled {
 public:
  explicit cancelled(std::string_view reason) : reason_(reason) {}
  const std::string& reason() const noexcept { return reason_; }

 private:
  std::string reason_;
};

/// Base for exceptions that no retry can cure. Throw it, or derive from it, in a step's body.
class STET_API permanent_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ~permanent_error() override;
};

/// A value, or the failure that came instead. What `try_…` and `attempt` return.
template <class T>
class [[nodiscard]] outcome {
  using stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

 public:
  outcome(stored v) : value_(std::move(v)) {}
  outcome(std::exception_ptr e) noexcept : error_(std::move(e)) {}

  explicit operator bool() const noexcept { return value_.has_value(); }
  bool has_value() const noexcept { return value_.has_value(); }

  /// Throws what was thrown, if there is no value.
  stored& value() & STET_LIFETIMEBOUND { rethrow_if_failed(); return *value_; }
  stored value() && { rethrow_if_failed(); return std::move(*value_); }
  stored& operator*() & noexcept STET_LIFETIMEBOUND { return *value_; }
  stored operator*() && noexcept { return std::move(*value_); }          // by value: no dangling range-for
  stored* operator->() & noexcept STET_LIFETIMEBOUND { return &*value_; }
  stored* operator->() && = delete;
  template <class U> stored value_or(U&& other) && {
    return value_ ? std::move(*value_) : static_cast<stored>(std::forward<U>(other));
  }

  std::exception_ptr exception() const noexcept { return error_; }
  /// The failure, if it is an `E`.
  template <class E = error> std::optional<E> failed_as() const {
    if (error_) {
      try { std::rethrow_exception(error_); } catch (const E& e) { return e; } catch (...) {}
    }
    return std::nullopt;
  }

 private:
  void rethrow_if_failed() const { if (error_) std::rethrow_exception(error_); }
  std::optional<stored> value_;
  std::exception_ptr error_;
};

}}  // namespace stet::v0
