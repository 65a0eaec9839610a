// scope: a part of a run that is cancelled together. And the operations that the journal answers.
#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <stet/error.hpp>
#include <stet/export.hpp>
#include <stet/kinds.hpp>
#include <stet/options.hpp>
#include <stet/task.hpp>

namespace stet { inline namespace v0 {

class step_context;
class transaction;
namespace detail {
class command;
class completion_state;
class error_registry;
struct scope_access;
}  // namespace detail

/// A part of a run that can be cancelled by itself. The body of stet::with_scope gets it.
class STET_API scope {
 public:
  /// Cancels the scope: every await in it, now and later, throws stet::cancelled with `reason`;
  /// shielded operations go on. Of a reason that is longer than 20 KiB these bytes count.
  ///
  /// Does nothing outside of the workflow's own code: in the handler of a query, in a validator,
  /// and while Stet destroys the workflow's frame (stet::context).
  ///
  /// Thread   only from the workflow that owns this scope.
  /// Durable  each operation that it cuts short is recorded as cancelled; a replay cancels the same
  ///          ones.
  void cancel(std::string_view reason = {}) noexcept;
  /// Returns whether the scope was cancelled.
  bool is_cancelled() const noexcept { return cancelled_; }

  scope() noexcept = default;
  scope(scope&&) noexcept {}  // only before it is attached
  scope& operator=(scope&&) = delete;
  ~scope();

 private:
  friend class detail::execution;
  friend struct detail::scope_access;

  detail::execution* run_ = nullptr;
  scope* parent_ = nullptr;
  scope* child_ = nullptr;
  scope* next_ = nullptr;
  scope* previous_ = nullptr;
  detail::command* commands_ = nullptr;  // pending operations of this scope, the latest first
  std::unique_ptr<std::string> reason_;
  bool cancelled_ = false;
  bool shielded_ = false;
};

namespace detail {

struct STET_API scope_access {
  /// Makes `s` a part of `parent`. The parent's cancellation doesn't reach a shielded part.
  static void attach(scope& s, scope& parent, bool shielded = false) noexcept;
  static execution& run_of(const scope& s) noexcept { return *s.run_; }
  static command*& commands_of(scope& s) noexcept { return s.commands_; }
  static const command* commands_of(const scope& s) noexcept { return s.commands_; }
  static scope* first_child_of(const scope& s) noexcept { return s.child_; }
  static scope* next_of(const scope& s) noexcept { return s.next_; }
  static scope* parent_of(const scope& s) noexcept { return s.parent_; }
  static const std::string* reason_of(const scope& s) noexcept { return s.reason_.get(); }
};

/// If something that a saga reads doesn't decode, stalls the run before the saga undoes anything: a
/// build that can read it goes on from there. Does nothing if the history goes on here.
STET_API void stall_undecodable(environment e, const std::exception_ptr& why) noexcept;
/// Stalls the run, since an operation has come to its end, and its undo can't be registered. Does
/// nothing if the history goes on here.
STET_API void stall_without_undo(environment e, const std::exception_ptr& why) noexcept;

/// How an operation ended.
enum class answer_kind : std::uint8_t { none, value, failure, cancelled };

/// An operation of a run, while it lives. It is on the heap, so that a coroutine frame holds only a
/// pointer to it. The run's thread writes it; a step's body, which may run on another thread, reads
/// only what was set before the body began.
class STET_API command {
 public:
  explicit command(wait_kind k) noexcept : kind(k) {}
  command(const command&) = delete;
  command& operator=(const command&) = delete;
  virtual ~command();
  /// Returns its name, for the messages of errors.
  virtual std::string_view label() const noexcept { return {}; }

  const wait_kind kind;
  answer_kind answered = answer_kind::none;
  errc code = errc::step_failed;  // of a failure
  bool waits_for_body =
      false;  // step: the body refers to the frame; the run goes on only when it has returned
  bool awaits_body = false;  // step: its outcome is known, its body has yet to return
  bool absolute = false;     // sleep: until a time, not for a duration
  bool detached = false;     // it belongs to no scope; its run holds it until it is answered
  bool may_be_undone =
      false;  // step of a saga: the run goes on only when the body, owning or not, has returned
  std::uint32_t id = 0;    // its number in the run, from 1; 0: not begun
  std::uint32_t line = 0;  // its place in the source
  const char* file = "";
  std::int64_t wait_ms = 0;  // sleep: how long, or until when
  std::string payload;       // the answer's value; cancelled: the reason
  std::unique_ptr<v0::failure> error;
  execution* owner = nullptr;  // while it is pending
  const error_registry* errors = nullptr;
  v0::scope* scope = nullptr;
  command* next = nullptr;  // in its scope
  command* previous = nullptr;
  waiter* awaited_by = nullptr;

  /// Step: the run goes on only when the body has returned.
  bool holds_run() const noexcept { return waits_for_body || may_be_undone; }
  void hold() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void drop() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 private:
  std::atomic<std::uint32_t> references_{1};
};

/// A command that names what it is for: a step, a child, a promise, a message.
class STET_API request : public command {
 public:
  request(wait_kind k, std::string_view n, source_point at);
  ~request() override;
  std::string_view label() const noexcept override {
    return kind == wait_kind::child ? target : name;
  }
  /// For a step: does the work, and encodes the result.
  /// Throws   what the body throws.
  virtual void run(step_context& c, std::string& result);
  /// For a step that `completes`: begins the work. The completion ends it.
  virtual void begin(completion_state& c);
  /// For a step that `transacts`: does the work in a transaction.
  virtual void run_transaction(transaction& tx, std::string& result);

  std::string name;        // step: its name; child: the workflow's; message: the signal's
  std::string target;      // child, message: the id
  std::string arguments;   // encoded: journaled, compared with the record on replay
  std::uint8_t flags = 0;  // of its record: child, message
  bool transacts = false;  // step: on the loop, its writes in the commit of its result
  bool completes = false;  // step: its body takes a completion
  step_options options{};
};

/// The start of a child, with its attributes and memo.
class STET_API child_request final : public request {
 public:
  child_request(std::string_view workflow, source_point at)
      : request(wait_kind::child, workflow, at) {}
  ~child_request() override;
  std::string attributes;  // packed
  std::string memo;
};

/// A command that the run itself answers: it is checked when it begins, and after each event.
class STET_API condition : public command {
 public:
  condition(std::string_view n, source_point at);
  ~condition() override;
  std::string_view label() const noexcept override { return name; }
  /// Returns whether it holds now. May take the signal that it waits for, and set the answer. An
  /// exception is an answer too.
  virtual bool holds(execution&) = 0;

  std::string name;    // its name for an operator: "signal 'approved'"
  bool takes = false;  // it takes a signal
  // The signal, or the command of the run, for which it waits: it can't hold before that signal or
  // the command's answer comes. If it names neither, it may hold after any event.
  std::string_view awaited_signal;
  std::uint32_t awaited_command = 0;
  std::exception_ptr thrown;
};

STET_API command* make_sleep(std::int64_t ms, bool absolute, source_point at);
STET_API command* make_child(std::string_view workflow, std::string_view id, std::string arguments,
                             const child_options& o, source_point at);
STET_API command* make_receive(std::string_view signal, source_point at);
/// Makes a signal to another run.
STET_API command* make_message(std::string_view signal, std::string_view id, std::string payload,
                               source_point at);
/// Makes an update of another run. The update's answer becomes the command's.
STET_API command* make_call(std::string_view update, std::string_view id, std::string arguments,
                            source_point at);
STET_API command* make_cancel(std::string_view id, std::string_view reason, source_point at);

/// An operation that the journal answers: the base of operation<R>. Movable until it starts, then
/// pinned.
class STET_API leaf {
 public:
  leaf(leaf&& o) noexcept : command_(std::exchange(o.command_, nullptr)) {}
  leaf& operator=(leaf&&) = delete;
  ~leaf();
  bool failed() const noexcept;
  /// For a step of a saga. An undo must not run beside a body that may still have its effect, so
  /// the run goes on only when the body has returned. The history is that of any such step.
  friend void expect_undo(leaf& l) noexcept {
    if (l.command_) l.command_->may_be_undone = true;
  }

 protected:
  explicit leaf(command* c) noexcept : command_(c) {}
  bool begin(environment e, waiter& w) noexcept;
  /// Returns the answer's bytes.
  /// Throws   the error with which the operation ended.
  std::string_view bytes();
  /// Throws   errc::payload, for the exception that is being handled: the answer's bytes are no
  ///          value of the type that the code has for it. std::bad_alloc is thrown on.
  [[noreturn]] void throw_undecodable() const;

 private:
  command* command_;
};

}  // namespace detail
}}  // namespace stet::v0
