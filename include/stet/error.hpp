// Errors: every failure that Stet reports.
#pragma once
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <stet/config.hpp>
#include <stet/export.hpp>
#include <stet/impl/guesses.hpp>

namespace stet { inline namespace v0 {

/// The kind of a failure. On disk: never renumber (docs/format.md).
enum class errc : unsigned char {
  usage = 0,              ///< the call itself is wrong: a bad argument, a task awaited twice
  payload = 1,            ///< bytes that don't decode or open, or are too many
  too_deep = 2,           ///< tasks await each other more than max_depth deep
  unknown_workflow = 3,   ///< no workflow of that name is defined
  conflict = 4,           ///< it exists already, or has another owner
  not_found = 5,          ///< a run, a handler, a key, … that doesn't exist
  rejected = 6,           ///< refused by the receiver
  step_failed = 7,        ///< the last attempt of a step threw
  step_timed_out = 8,     ///< the last attempt of a step, or all together, took too long
  step_interrupted = 9,   ///< an at_most_once step was cut short by a crash
  step_crashed = 10,      ///< a step brought the process down too often
  run_failed = 11,        ///< the workflow let an exception escape
  run_cancelled = 12,     ///< the run was cancelled
  run_terminated = 13,    ///< the run was terminated
  run_stalled = 14,       ///< the run is stalled until a fixed build resumes it
  store = 15,             ///< the store failed
  corrupt = 16,           ///< what the store holds can't be trusted
  full = 17,              ///< no room in the store: nothing is lost, make room
  closed = 18,            ///< the engine is closed
  child_failed = 19,      ///< a child run failed
  promise_rejected = 20,  ///< a promise was rejected
  update_failed = 21,     ///< the handler of an update let an exception escape
  run_ended = 22,         ///< the run has ended already: it takes no message
  run_timed_out = 23,     ///< the run's time was over
  internal = 24,          ///< a mistake of Stet's own: the engine stopped before it could do harm
  busy = 25,             ///< another program holds the store, or a body holds the engine: try again
  other_arguments = 26,  ///< the id has a run that began with other arguments: see start_options
};

/// Returns the enumerator's name, as in "step_failed"; "unknown" for a number that this build
/// doesn't know.
///
/// Thread   any.
STET_API std::string_view to_string(errc code) noexcept;

/// Returns `text` as one line that is safe for a terminal or a log, whatever its source: control
/// characters, characters that turn the direction of writing and bytes that aren't UTF-8 are
/// escaped (`\n`, `\x1b`), and a text longer than 128 KiB is cut. For ids and names in lines of
/// your own.
///
/// Thread   any.
STET_API std::string one_line(std::string_view text);
namespace detail {
/// Returns the text of an exception, also if its what() is null.
STET_API std::string words_of(const std::exception& e);
}  // namespace detail

/// Every failure that Stet reports. what() is for people, code() for programs. what() is one line
/// (see one_line), also where it repeats an id, a name, a reason or the text of an exception of
/// yours.
class STET_API error : public std::runtime_error {
 public:
  /// Life     both texts are copied, `message` as one line.
  error(errc code, std::string_view operation, const std::string& message);
  error(const error&) = default;
  error& operator=(const error&) = default;
  ~error() override;  // the key function: one vtable and one type_info, in libstet

  /// Returns the kind of the failure.
  errc code() const noexcept { return code_; }
  /// Returns what was being done: the name of the step, the id of the child or run, or the name of
  /// the call.
  const std::string& operation() const noexcept STET_LIFETIMEBOUND { return operation_; }

 private:
  errc code_;
  std::string operation_;
};

/// An operation that failed because another one, inside it, failed.
struct failed_operation {
  errc code = errc::usage;  ///< its kind: step_failed, child_failed, update_failed, …
  std::string operation;    ///< its name: the step's name, the child's id
  unsigned attempts = 1;    ///< how many attempts were made
};

/// An exception as the journal keeps it.
struct failure {
  std::string type;     ///< the name of its error_type, else the C++ type as the compiler spells it
  std::string message;  ///< its what()
  std::string payload;  ///< the exception itself, encoded, if its type is declared
  unsigned attempts = 1;  ///< how often the body was called, the failed call included
  /// The operations through which the failure came here, outermost first: the child's child, then
  /// the step of that. Empty if it was thrown right here. These names stand in front of `message`.
  /// The innermost 64 are kept.
  std::vector<failed_operation> path{};
};

/// A step, a child, an update, a promise or a run has failed: code() says which.
class STET_API failed : public error {
 public:
  /// Life     everything is copied or moved in.
  failed(errc code, std::string_view operation, failure f);
  ~failed() override;

  /// Returns the type of the exception; see failure::type.
  const std::string& type() const noexcept STET_LIFETIMEBOUND { return failure_.type; }
  /// Returns the exception's text, without the name and the type that what() adds.
  const std::string& message() const noexcept STET_LIFETIMEBOUND { return failure_.message; }
  /// Returns how many attempts were made.
  unsigned attempts() const noexcept { return failure_.attempts; }
  /// Returns everything that is known of the failure, also the operations through which it came.
  ///     for (auto& through : e.cause().path) log(through.operation);
  const failure& cause() const noexcept STET_LIFETIMEBOUND { return failure_; }

 private:
  failure failure_;
};

/// The last attempt of a step threw, or no attempt could give a result.
class STET_API step_failed : public failed {
 public:
  using failed::failed;
  ~step_failed() override;
};

/// The last attempt of a step, or all attempts together, took longer than its options allow.
class STET_API step_timed_out : public step_failed {
 public:
  using step_failed::step_failed;
  ~step_timed_out() override;
};

/// The process died during too many attempts of this step: the step isn't tried again.
class STET_API step_crashed : public step_failed {
 public:
  using step_failed::step_failed;
  ~step_crashed() override;
};

/// An at_most_once step was under way when the process died: it is unknown whether it took effect.
class STET_API step_interrupted : public step_failed {
 public:
  using step_failed::step_failed;
  ~step_interrupted() override;
};

/// A child run failed.
class STET_API child_failed : public failed {
 public:
  using failed::failed;
  ~child_failed() override;
};

/// The promise that was waited for was rejected.
class STET_API promise_rejected : public failed {
 public:
  using failed::failed;
  ~promise_rejected() override;
};

/// The handler of an update let an exception escape, or its run ended before the handler did.
class STET_API update_failed : public failed {
 public:
  using failed::failed;
  ~update_failed() override;
};

/// The run whose result is asked for failed: its workflow let an exception escape.
class STET_API run_failed : public failed {
 public:
  using failed::failed;
  ~run_failed() override;
};

/// The run whose result is asked for was terminated: none of its code ran after that.
class STET_API run_terminated : public error {
 public:
  using error::error;
  ~run_terminated() override;
};

/// The run whose result is asked for took longer than it was allowed to: see start_options.
class STET_API run_timed_out : public error {
 public:
  using error::error;
  ~run_timed_out() override;
};

/// The run whose result is asked for was cancelled and ended because of it.
class STET_API run_cancelled : public error {
 public:
  using error::error;
  ~run_cancelled() override;
};

/// Thrown by every await of a run, or of a scope, that was asked to end. Let it pass: clean up in
/// destructors, or in a `shield`. It is deliberately no std::exception, so that code which handles
/// failures doesn't catch it.
class STET_API cancelled {
 public:
  /// Life     `reason` is copied.
  explicit cancelled(std::string_view reason) : reason_(reason) {}
  cancelled(const cancelled&) = default;
  cancelled& operator=(const cancelled&) = default;
  virtual ~cancelled();  // virtual for its type_info alone: see error

  /// Returns the reason that the caller of the cancellation gave.
  const std::string& reason() const noexcept STET_LIFETIMEBOUND { return reason_; }

 private:
  std::string reason_;
};

/// Thrown by a step's body that was asked to stop: the body gave up before it had a result, and may
/// be attempted again. step_context::throw_if_stopped throws it. Its effect depends on the reason
/// of the request:
///  - the engine is closed, or the run is stalled: the attempt doesn't count as a failed one, and
///    the step is attempted again, also if it is at_most_once;
///  - a time-out: none, since that attempt has failed by its time-out already;
///  - a lost race, a cancellation, the end of the run: none, since the step has its outcome
///    already;
///  - there was no request: the attempt failed with the type "stet::stopped", as with any other
///    exception.
/// It is deliberately no std::exception, so that a body which handles failures doesn't catch it.
class STET_API stopped {
 public:
  stopped() noexcept = default;
  stopped(const stopped&) noexcept = default;
  stopped& operator=(const stopped&) noexcept = default;
  virtual ~stopped();  // virtual for its type_info alone: see error
};

/// A failure that no retry can cure. Throw it, or an exception derived from it, in a step's body:
/// the step fails at once, whatever its retry_policy. If the code of a workflow throws it, the run
/// fails, whatever engine_options::accident says.
class STET_API permanent_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  permanent_error(const permanent_error&) = default;
  permanent_error& operator=(const permanent_error&) = default;
  ~permanent_error() override;
};

/// A value, or the failure that came instead: the result of `try_step` and `attempt`. For `void`
/// the value is a std::monostate.
template <class T> class [[nodiscard]] outcome {
  using stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

 public:
  /// Makes a success.
  outcome(stored v) : value_(std::move(v)) {}
  /// Makes a failure; `e` isn't null.
  outcome(std::exception_ptr e) noexcept : error_(std::move(e)) {}

  /// Returns whether it is a value.
  explicit operator bool() const noexcept { return value_.has_value(); }
  /// Returns whether it is a value.
  bool has_value() const noexcept { return value_.has_value(); }

  /// Returns the value.
  ///
  /// Throws   the failure, if there is no value.
  stored& value() & STET_LIFETIMEBOUND {
    rethrow_if_failed();
    return *value_;
  }
  const stored& value() const& STET_LIFETIMEBOUND {
    rethrow_if_failed();
    return *value_;
  }
  stored value() && {
    rethrow_if_failed();
    return std::move(*value_);
  }
  stored value() const&& {
    rethrow_if_failed();
    return *value_;
  }

  /// Returns the value, which must exist. From an rvalue it is returned by value, so that a
  /// range-for over `*co_await …` doesn't dangle.
  stored& operator*() & noexcept STET_LIFETIMEBOUND { return *value_; }
  const stored& operator*() const& noexcept STET_LIFETIMEBOUND { return *value_; }
  stored operator*() && noexcept { return std::move(*value_); }
  stored operator*() const&& { return *value_; }
  /// Accesses a member of the value, which must exist.
  stored* operator->() & noexcept STET_LIFETIMEBOUND { return &*value_; }
  const stored* operator->() const& noexcept STET_LIFETIMEBOUND { return &*value_; }
  /// Not from a temporary: a loop over such a member would read it after its end.
  template <class U = stored> stored* operator->() && {
    detail::refuse_member_of_temporary<U>();
    return nullptr;
  }
  template <class U = stored> const stored* operator->() const&& {
    detail::refuse_member_of_temporary<U>();
    return nullptr;
  }
  /// Returns the value, or `other` if it is a failure.
  template <class U> stored value_or(U&& other) const& {
    return value_ ? *value_ : static_cast<stored>(std::forward<U>(other));
  }
  template <class U> stored value_or(U&& other) && {
    return value_ ? std::move(*value_) : static_cast<stored>(std::forward<U>(other));
  }

  /// Returns the failure; null if it is a value.
  std::exception_ptr exception() const noexcept { return error_; }
  /// Returns the failure as an `E`, sliced to it as in a catch by value; an empty optional if it is
  /// a value, or if the failure is no `E`.
  template <class E = error> std::optional<E> failed_as() const {
    if (error_) {
      try {
        std::rethrow_exception(error_);
      } catch (const E& e) { return e; } catch (...) {
      }
    }
    return std::nullopt;
  }

 private:
  void rethrow_if_failed() const {
    if (error_) std::rethrow_exception(error_);
  }
  std::optional<stored> value_;
  std::exception_ptr error_;
};

}  // namespace v0
}  // namespace stet
