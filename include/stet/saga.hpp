// Sagas: steps with compensations that undo them if the saga doesn't come to its end.
#pragma once
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <stet/context.hpp>

namespace stet { inline namespace v0 {

namespace detail {

template <class F, class R> task<R> run_saga(context& ctx, F body);

/// Calls stall_undecodable.
class undecodable_stalls {
 public:
  using result_type = void;
  explicit undecodable_stalls(std::exception_ptr why) noexcept : why_(std::move(why)) {}
  bool start(environment e, waiter&) noexcept {
    stall_undecodable(e, why_);
    return true;
  }
  bool failed() const noexcept { return false; }
  void result() {}

 private:
  std::exception_ptr why_;
};

/// An operation of a saga, and what registers its undo. It is shielded: a cancellation waits until
/// the operation has ended, and its undo is registered. Then the await throws stet::cancelled.
template <awaitable A, class Register>
class [[nodiscard("stet: an operation does nothing until it is awaited")]] undoable final : waiter {
 public:
  using result_type = typename A::result_type;
  undoable(A a, Register r) : waiter(&on_end), operation_(std::move(a)), register_(std::move(r)) {}
  undoable(undoable&& o) noexcept(std::is_nothrow_move_constructible_v<A> &&
                                  std::is_nothrow_move_constructible_v<Register>)
      : waiter(&on_end), operation_(std::move(o.operation_)), register_(std::move(o.register_)) {}
  bool start(environment e, waiter& w) noexcept {
    env_ = e;
    waiter_ = &w;
    if (!e.scope->is_cancelled()) {  // else it begins nothing, as any operation
      scope_access::attach(part_, *e.scope, true);
      e.scope = &part_;
    }
    if (!operation_.start(e, *this)) return false;
    end();
    return true;
  }
  bool failed() const noexcept { return error_ || operation_.failed(); }
  result_type result() {
    if (error_) std::rethrow_exception(error_);
    if constexpr (std::is_void_v<result_type>) operation_.result();
    else return value_ ? *std::move(value_) : operation_.result();
  }

 private:
  static std::coroutine_handle<> on_end(waiter& w) noexcept {
    auto& u = static_cast<undoable&>(w);
    u.end();
    return u.waiter_->notify();
  }
  // Not in result(): no one asks for the result of a branch of stet::all if another has failed.
  void end() noexcept {
    try {
      if (!operation_.failed()) register_undo();
      if (env_.scope->is_cancelled()) throw cancelled(*scope_access::reason_of(*env_.scope));
    } catch (...) { error_ = thrown(env_); }
  }
  // The operation may have had its effect: without its result, or its undo, the run can't go on.
  void register_undo() {
    if constexpr (!std::is_void_v<result_type>) take_result();
    try {
      if constexpr (std::is_void_v<result_type>) register_();
      else register_(*value_);
    } catch (const std::bad_alloc&) { throw; } catch (...) {
      stall_without_undo(env_, std::current_exception());
      throw;
    }
  }
  void take_result() {
    try {
      value_.emplace(operation_.result());
    } catch (...) {
      stall_undecodable(env_, std::current_exception());
      throw;
    }
  }

  v0::scope part_;
  A operation_;
  Register register_;
  environment env_;
  waiter* waiter_ = nullptr;
  std::optional<stored<result_type>> value_;
  std::exception_ptr error_;
};

/// A step, or a transaction, that a saga keeps until it has something to undo.
struct saga_undo {
  saga_undo() = default;
  saga_undo(const saga_undo&) = delete;
  saga_undo& operator=(const saga_undo&) = delete;
  virtual ~saga_undo() = default;
  virtual task<> run() = 0;
};
using saga_undos = std::vector<std::unique_ptr<saga_undo>>;

/// An operation of a saga whose undo is registered just before the operation begins.
template <awaitable A>
class [[nodiscard(
    "stet: an operation does nothing until it is awaited")]] undone_in_any_case final {
 public:
  using result_type = typename A::result_type;
  undone_in_any_case(saga_undos& all, std::unique_ptr<saga_undo> u, A a)
      : undos_(all), undo_(std::move(u)), operation_(std::move(a)) {}
  bool start(environment e, waiter& w) noexcept {
    try {
      if (undo_) undos_.push_back(std::move(undo_));  // even if the scope is cancelled already
    } catch (...) {
      error_ = thrown(e);
      return true;
    }
    return operation_.start(e, w);
  }
  bool failed() const noexcept { return error_ || operation_.failed(); }
  result_type result() {
    if (error_) std::rethrow_exception(error_);
    return operation_.result();
  }

 private:
  saga_undos& undos_;
  std::unique_ptr<saga_undo> undo_;
  A operation_;
  std::exception_ptr error_;
};

/// Whether a step's body can be called with these arguments.
template <class F, class... A> consteval bool takes() {
  if constexpr (completion_of_t<F>::value)
    return std::is_invocable_v<F&, completion<typename completion_of_t<F>::type>,
                               const bare_t<A>&...>;
  else return body_traits<F, A...>::with_context || body_traits<F, A...>::plain;
}

/// Whether an undo can be called: with the result of type R and its arguments, or with these alone.
/// The second is asked only if the first doesn't hold: asking compiles a generic lambda's body.
template <class F, class R, class... A> consteval bool undoes() {
  if constexpr (std::is_void_v<R>) return takes<F, kept_t<A>...>();
  else if constexpr (takes<F, R, kept_t<A>...>()) return true;
  else return takes<F, kept_t<A>...>();
}
template <class F, class R, class... A> inline constexpr bool undoes_with = undoes<F, R, A...>();

/// The same as a transaction.
template <class F, class R, class... A> consteval bool undoes_in_transaction() {
  using tx = transaction&;
  if constexpr (std::is_void_v<R>) return std::is_invocable_v<F&, tx, const kept_t<A>&...>;
  else if constexpr (std::is_invocable_v<F&, tx, const R&, const kept_t<A>&...>) return true;
  else return std::is_invocable_v<F&, tx, const kept_t<A>&...>;
}
template <class F, class R, class... A>
inline constexpr bool undoes_in_transaction_with = undoes_in_transaction<F, R, A...>();

/// A step of a saga that doesn't compile.
struct refused_of_saga : refused {
  template <class... X> refused undo(X&&...) { return {}; }
  template <class... X> refused undo_transact(X&&...) { return {}; }
};

}  // namespace detail

/// An operation of a saga for which nothing says yet what undoes it: stet::saga::step, transact and
/// act return it.
template <detail::awaitable A>
class [[nodiscard(
    "stet: say what undoes it, and await that: co_await s.step(…).undo(…)")]] undone_by {
 public:
  using result_type = typename A::result_type;
  undone_by(v0::saga& s, A a) : saga_(s), operation_(std::move(a)) {
    if constexpr (std::is_base_of_v<detail::leaf, A>) expect_undo(operation_);
  }

  /// Says which step undoes the operation. `body` gets the operation's result first, if it takes
  /// it, and then `arguments`: that is its one chance to see variables of the saga, which are gone
  /// when it runs. It is retried without limit unless `options` say otherwise.
  ///     co_await s.step("hotel", book, request).undo("cancel hotel", cancel);  // cancel(booking)
  ///
  /// The await isn't given up while the operation is under way: if the saga is cancelled meanwhile,
  /// it waits for the operation's end, registers the undo and throws stet::cancelled. So limit the
  /// attempts of a step, or its time, if a cancellation may not wait for it.
  /// If the undo can't be registered when the operation has ended (its arguments are too long, or
  /// a codec throws), the run is stalled: a build in which it can be registered goes on from there.
  /// Throws   errc::usage at once, for options or a name that make no sense; at the await, what the
  ///          operation throws: then there is no undo; stet::cancelled.
  template <class F, class... U>
    requires(!detail::options<std::remove_cvref_t<F>>)
  auto undo(step_name name, F&& body, U&&... arguments) && {
    return std::move(*this).undo(name, step_options{}, std::forward<F>(body),
                                 std::forward<U>(arguments)...);
  }
  template <class F, class... U>
  auto undo(step_name name, step_options options, F&& body, U&&... arguments) &&;
  template <class O = detail::other_step_options>
  auto undo(step_name, std::type_identity_t<O>, ...) && {
    detail::refuse_step_options<O>();
    return detail::refused();
  }
  /// Says which transaction undoes the operation: `body(tx, result, arguments…)`, or
  /// `body(tx, arguments…)` if it doesn't take the result. Otherwise as undo().
  template <class F, class... U>
    requires(!detail::options<std::remove_cvref_t<F>>)
  auto undo_transact(step_name name, F&& body, U&&... arguments) && {
    return std::move(*this).undo_transact(name, step_options{}, std::forward<F>(body),
                                          std::forward<U>(arguments)...);
  }
  template <class F, class... U>
  auto undo_transact(step_name name, step_options options, F&& body, U&&... arguments) &&;
  template <class O = detail::other_step_options>
  auto undo_transact(step_name, std::type_identity_t<O>, ...) && {
    detail::refuse_step_options<O>();
    return detail::refused();
  }

  /// Says which step undoes the operation even if it fails, since it may have had its effect all
  /// the same (a time-out, a crash with at_most_once). The undo is registered before the operation
  /// begins, so `body` gets `arguments` only, and no result: it finds out by a key that you know
  /// before. It is retried without limit unless `options` say otherwise.
  ///     co_await s.step("charge", {.timeout = 30s}, charge, id)
  ///         .undo_in_any_case("refund", refund_if_charged, id);
  ///
  /// The undo runs when the body of the step has returned, also after a time-out or a cancellation.
  /// But if the process ends meanwhile, the step's request may still be on its way, and have its
  /// effect after the undo: so the undo must also void what comes later, by the same key.
  /// Throws   errc::usage and errc::payload at once, for options, a name or arguments that make no
  ///          sense, and then nothing begins; at the await, what the operation throws.
  template <class F, class... U>
    requires(!detail::options<std::remove_cvref_t<F>>)
  auto undo_in_any_case(step_name name, F&& body, U&&... arguments) && {
    return std::move(*this).undo_in_any_case(name, step_options{}, std::forward<F>(body),
                                             std::forward<U>(arguments)...);
  }
  template <class F, class... U>
  auto undo_in_any_case(step_name name, step_options options, F&& body, U&&... arguments) &&;
  /// Says which transaction undoes the operation even if it fails: `body(tx, arguments…)`.
  /// Otherwise as undo_in_any_case().
  template <class F, class... U>
    requires(!detail::options<std::remove_cvref_t<F>>)
  auto undo_transact_in_any_case(step_name name, F&& body, U&&... arguments) && {
    return std::move(*this).undo_transact_in_any_case(name, step_options{}, std::forward<F>(body),
                                                      std::forward<U>(arguments)...);
  }
  template <class F, class... U>
  auto undo_transact_in_any_case(step_name name, step_options options, F&& body,
                                 U&&... arguments) &&;

  // Awaiting it as it is doesn't compile: these say why.
  bool start(detail::environment, detail::waiter&) noexcept {
    static_assert(sizeof(A) == 0,
                  "stet: say what undoes it: co_await s.step(\"hotel\", book).undo(\"cancel "
                  "hotel\", cancel). A step that nothing has to undo is a ctx.step");
    return true;
  }
  bool failed() const noexcept { return true; }
  result_type result();

 private:
  v0::saga& saga_;
  A operation_;
};

/// Registers what to undo, and how. The body of context::saga gets it.
///     co_await ctx.saga([&](stet::saga& s) -> stet::task<trip> {
///       auto hotel = co_await s.step("hotel", book, request).undo("cancel hotel", cancel);
///       auto flight = co_await s.step("flight", book, request).undo("cancel flight", cancel);
///       co_return trip{hotel, flight};
///     });
/// Here cancel(hotel) is a step that runs only if the saga fails, or is cancelled.
///
/// Thread   only the workflow's own.
class saga {
 public:
  explicit saga(context& c) noexcept : context_(c) {}
  saga(const saga&) = delete;
  saga& operator=(const saga&) = delete;

  /// Makes a step (context::step) that is undone if the saga fails. Its undo is registered together
  /// with its result, whatever is cancelled meanwhile. After a time-out the run goes on, to another
  /// attempt or to an undo, only when the body has returned: no undo runs beside it. (A body that
  /// takes a completion: when that is resolved, rejected or dropped.) A ctx.step isn't waited for.
  template <class F, class... A>
    requires(!detail::options<std::remove_cvref_t<F>>)
  auto step(step_name name, F&& body, A&&... arguments) {
    return act(context_.step(name, std::forward<F>(body), std::forward<A>(arguments)...));
  }
  template <class F, class... A>
  auto step(step_name name, step_options options, F&& body, A&&... arguments) {
    return act(context_.step(name, options, std::forward<F>(body), std::forward<A>(arguments)...));
  }
  template <class O = detail::other_step_options>
  detail::refused_of_saga step(step_name, std::type_identity_t<O>, ...) {
    detail::refuse_step_options<O>();
    return {};
  }
  /// The same for a transaction (context::transact).
  ///     co_await s.transact("debit", take).undo_transact("give back", give_back, from, cents);
  template <class F>
    requires(!detail::options<std::remove_cvref_t<F>>)
  auto transact(step_name name, F&& body) {
    return act(context_.transact(name, std::forward<F>(body)));
  }
  template <class F> auto transact(step_name name, step_options options, F&& body) {
    return act(context_.transact(name, options, std::forward<F>(body)));
  }
  template <class O = detail::other_step_options>
  detail::refused_of_saga transact(step_name, std::type_identity_t<O>, ...) {
    detail::refuse_step_options<O>();
    return {};
  }
  /// The same for any operation: a child, a call of an entity, a task.
  ///     co_await s.act(ctx.child(Pay, id, order)).undo("refund", refund);
  template <class Op> auto act(Op&& operation) {
    return undone_by<detail::operation_of<Op>>(*this,
                                               detail::as_operation(std::forward<Op>(operation)));
  }

  /// Registers a step that runs if the saga fails, before what it undoes begins. The last
  /// registered undo runs first. It is retried without limit unless its options say otherwise.
  /// For one step, write s.step(…).undo_in_any_case(…); this is for what several operations do.
  ///     s.undo_in_any_case("empty the folder", remove_all, folder);
  ///
  /// A saga doesn't wait for the body of a ctx.step that has timed out, or was cancelled, if that
  /// body owns what it uses (a function, a lambda without captures, stet::owning). So the undo may
  /// run before the effect that it is to undo: it must also void what comes later, by a key. The
  /// body of an s.step is waited for.
  template <class F, class... A>
    requires(!detail::options<std::remove_cvref_t<F>>)
  void undo_in_any_case(step_name name, F&& body, A&&... arguments) {
    undo_in_any_case(name, step_options{}, std::forward<F>(body), std::forward<A>(arguments)...);
  }
  template <class F, class... A>
  void undo_in_any_case(step_name name, step_options options, F&& body, A&&... arguments) {
    undos_.push_back(
        make_undo(name, options, std::forward<F>(body), std::forward<A>(arguments)...));
  }
  template <class O = detail::other_step_options>
  void undo_in_any_case(step_name, std::type_identity_t<O>, ...) {
    detail::refuse_step_options<O>();
  }
  /// Registers a transaction (context::transact) in the same way. What it writes and the fact that
  /// it is done are one commit: it undoes exactly once.
  ///     s.undo_transact_in_any_case("give back", give_back, from, cents);
  ///     // where: void give_back(stet::transaction& tx, const std::string& to, long cents);
  template <class F, class... A>
    requires(!detail::options<std::remove_cvref_t<F>>)
  void undo_transact_in_any_case(step_name name, F&& body, A&&... arguments) {
    undo_transact_in_any_case(name, step_options{}, std::forward<F>(body),
                              std::forward<A>(arguments)...);
  }
  template <class F, class... A>
  void undo_transact_in_any_case(step_name name, step_options options, F&& body, A&&... arguments) {
    undos_.push_back(
        make_undo_transact(name, options, std::forward<F>(body), std::forward<A>(arguments)...));
  }
  template <class O = detail::other_step_options>
  void undo_transact_in_any_case(step_name, std::type_identity_t<O>, ...) {
    detail::refuse_step_options<O>();
  }

  /// The earlier names. After a step they come too late: if the saga is cancelled while the step's
  /// body is under way, the await throws, and the effect stays.
  template <class F, class... A>
    requires(!detail::options<std::remove_cvref_t<F>>)
  [[deprecated(
      "stet: a cancellation between a step and this call loses the undo: write s.step(name, body, "
      "…).undo(name, undo), or s.step(name, body, …).undo_in_any_case(name, undo, …)")]]
  void undo(step_name name, F&& body, A&&... arguments) {
    undo_in_any_case(name, step_options{}, std::forward<F>(body), std::forward<A>(arguments)...);
  }
  template <class F, class... A>
  [[deprecated(
      "stet: a cancellation between a step and this call loses the undo: write s.step(name, body, "
      "…).undo(name, undo), or s.step(name, body, …).undo_in_any_case(name, undo, …)")]]
  void undo(step_name name, step_options options, F&& body, A&&... arguments) {
    undo_in_any_case(name, options, std::forward<F>(body), std::forward<A>(arguments)...);
  }
  template <class F, class... A>
    requires(!detail::options<std::remove_cvref_t<F>>)
  [[deprecated(
      "stet: a cancellation between a transaction and this call loses the undo: write "
      "s.transact(name, body).undo_transact(name, undo, …), or s.transact(name, "
      "body).undo_transact_in_any_case(name, undo, …)")]]
  void undo_transact(step_name name, F&& body, A&&... arguments) {
    undo_transact_in_any_case(name, step_options{}, std::forward<F>(body),
                              std::forward<A>(arguments)...);
  }
  template <class F, class... A>
  [[deprecated(
      "stet: a cancellation between a transaction and this call loses the undo: write "
      "s.transact(name, body).undo_transact(name, undo, …), or s.transact(name, "
      "body).undo_transact_in_any_case(name, undo, …)")]]
  void undo_transact(step_name name, step_options options, F&& body, A&&... arguments) {
    undo_transact_in_any_case(name, options, std::forward<F>(body), std::forward<A>(arguments)...);
  }

  /// Runs and forgets the undos, in reverse, shielded from cancellation. An undo that fails (its
  /// options limit its attempts) doesn't keep the others from running.
  /// Throws   the first failure of an undo, when all of them have run.
  auto compensate() { return stet::shield(run_undos()); }
  /// Forgets the undos: what was done stays done.
  void keep_all() noexcept { undos_.clear(); }

 private:
  template <detail::awaitable> friend class undone_by;
  template <class F, class R> friend task<R> detail::run_saga(context& ctx, F body);
  bool has_undos() const noexcept { return !undos_.empty(); }
  template <class F, class... A> static consteval void check_undo() {
    static_assert(
        detail::owns<std::decay_t<F>> &&
            (!detail::is_reference_like<detail::bare_t<detail::kept_t<A>>> && ...),
        "stet: what an undo refers to is gone by the time it runs: give a function, or a lambda "
        "that captures nothing, its values as arguments (s.step(…).undo(\"refund\", refund, id)), "
        "or wrap a lambda that captures by value in stet::owning");
  }
  template <class S> struct kept final : detail::saga_undo {
    explicit kept(S s) : step(std::move(s)) {}
    task<> run() override { co_await std::move(step); }
    S step;
  };
  template <class S> static std::unique_ptr<detail::saga_undo> keep(S step) {
    return std::make_unique<kept<S>>(std::move(step));
  }
  template <class F, class... A>
  std::unique_ptr<detail::saga_undo> make_undo(step_name name, const step_options& options,
                                               F&& body, A&&... arguments) {
    check_undo<F, A...>();
    constexpr bool fits = detail::undoes_with<std::decay_t<F>, void, A...>;
    static_assert(detail::undoes_with<std::decay_t<F>, void, A...>,
                  "stet: this undo can't be called with these arguments, as const, and no result: "
                  "undo_in_any_case(\"refund\", refund, id) calls refund(id)");
    if constexpr (fits)
      return keep(
          context_.step(name, options, std::forward<F>(body), std::forward<A>(arguments)...));
    return nullptr;
  }
  template <class F, class... A>
  std::unique_ptr<detail::saga_undo> make_undo_transact(step_name name, const step_options& options,
                                                        F&& body, A&&... arguments) {
    check_undo<F, A...>();
    constexpr bool fits = detail::undoes_in_transaction_with<std::decay_t<F>, void, A...>;
    static_assert(
        detail::undoes_in_transaction_with<std::decay_t<F>, void, A...>,
        "stet: this undo can't be called with a stet::transaction& and these arguments, "
        "as const, and no result: undo_transact_in_any_case(\"give back\", give_back, id) "
        "calls give_back(tx, id)");
    if constexpr (fits) {
      using values = std::tuple<detail::kept_t<A>...>;
      auto bound = [f = std::decay_t<F>(std::forward<F>(body)),
                    v = values(std::forward<A>(arguments)...)](transaction& tx) mutable {
        std::apply([&](const auto&... a) { f(tx, a...); }, v);
      };
      return keep(context_.transact(name, options, stet::owning(std::move(bound))));
    }
    return nullptr;
  }
  task<> run_undos() {
    std::exception_ptr first;
    while (!undos_.empty()) {
      auto last = std::move(undos_.back());
      undos_.pop_back();
      auto undone = co_await stet::attempt(last->run());
      if (!undone && !first) first = undone.exception();
    }
    if (first) std::rethrow_exception(first);
  }

  context& context_;
  detail::saga_undos undos_;
};

template <detail::awaitable A>
template <class F, class... U>
auto undone_by<A>::undo(step_name name, step_options options, F&& body, U&&... arguments) && {
  using f_type = std::decay_t<F>;
  using R = detail::stored<result_type>;
  saga::check_undo<F, U...>();
  constexpr bool fits = detail::undoes_with<f_type, result_type, U...>;
  static_assert(detail::undoes_with<f_type, result_type, U...>,
                "stet: this undo can't be called. It is called with the result of the operation "
                "that it undoes and then the arguments of undo(…), or with these alone: "
                ".undo(\"refund\", refund, who) calls refund(result, who), or refund(who)");
  detail::check_options(name.text, options);  // now: the operation has not begun
  auto add = [&s = saga_, text = std::string(name.text), where = name.where, options,
              f = f_type(std::forward<F>(body)),
              v = std::tuple<detail::kept_t<U>...>(std::forward<U>(arguments)...)](
                 const auto&... result) mutable {
    auto named = step_name(text, where.file, where.line);
    std::apply(
        [&](auto&... a) {
          if constexpr (sizeof...(result) == 1 && detail::takes<f_type, R, detail::kept_t<U>...>())
            s.undo_in_any_case(named, options, std::move(f), result..., std::move(a)...);
          else if constexpr (fits)
            s.undo_in_any_case(named, options, std::move(f), std::move(a)...);
        },
        v);
  };
  return detail::undoable<A, decltype(add)>(std::move(operation_), std::move(add));
}

template <detail::awaitable A>
template <class F, class... U>
auto undone_by<A>::undo_transact(step_name name, step_options options, F&& body,
                                 U&&... arguments) && {
  using f_type = std::decay_t<F>;
  using R = detail::stored<result_type>;
  saga::check_undo<F, U...>();
  constexpr bool fits = detail::undoes_in_transaction_with<f_type, result_type, U...>;
  static_assert(detail::undoes_in_transaction_with<f_type, result_type, U...>,
                "stet: this undo can't be called. It is called with a stet::transaction&, the "
                "result of the operation that it undoes and then the arguments of "
                "undo_transact(…), or without the result: .undo_transact(\"give back\", give_back, "
                "who) calls give_back(tx, result, who), or give_back(tx, who)");
  detail::check_options(name.text, options);  // now: the operation has not begun
  auto add = [&s = saga_, text = std::string(name.text), where = name.where, options,
              f = f_type(std::forward<F>(body)),
              v = std::tuple<detail::kept_t<U>...>(std::forward<U>(arguments)...)](
                 const auto&... result) mutable {
    auto named = step_name(text, where.file, where.line);
    std::apply(
        [&](auto&... a) {
          if constexpr (sizeof...(result) == 1 &&
                        std::is_invocable_v<f_type&, transaction&, const R&,
                                            const detail::kept_t<U>&...>)
            s.undo_transact_in_any_case(named, options, std::move(f), result..., std::move(a)...);
          else if constexpr (fits)
            s.undo_transact_in_any_case(named, options, std::move(f), std::move(a)...);
        },
        v);
  };
  return detail::undoable<A, decltype(add)>(std::move(operation_), std::move(add));
}

template <detail::awaitable A>
template <class F, class... U>
auto undone_by<A>::undo_in_any_case(step_name name, step_options options, F&& body,
                                    U&&... arguments) && {
  return detail::undone_in_any_case<A>(
      saga_.undos_,
      saga_.make_undo(name, options, std::forward<F>(body), std::forward<U>(arguments)...),
      std::move(operation_));
}

template <detail::awaitable A>
template <class F, class... U>
auto undone_by<A>::undo_transact_in_any_case(step_name name, step_options options, F&& body,
                                             U&&... arguments) && {
  return detail::undone_in_any_case<A>(
      saga_.undos_,
      saga_.make_undo_transact(name, options, std::forward<F>(body), std::forward<U>(arguments)...),
      std::move(operation_));
}

namespace detail {

template <class F, class R> task<R> run_saga(context& ctx, F body) {
  v0::saga s(ctx);
  std::exception_ptr why;
  try {
    co_return co_await body(s);
  } catch (const std::bad_alloc&) { throw; } catch (...) {
    why = std::current_exception();
  }
  if (s.has_undos()) co_await undecodable_stalls(why);
  (void)co_await stet::attempt(s.compensate());
  std::rethrow_exception(why);
}

}  // namespace detail

/// Throws   what the body threw, when everything has been undone; the failures of undos are
///          dropped.
template <class F> auto context::saga(F&& body) {
  detail::guard_gcc<F>();
  using inner = std::invoke_result_t<std::decay_t<F>&, v0::saga&>;
  static_assert(detail::awaitable<inner>,
                "stet: the body of a saga is a coroutine: stet::task<R> (stet::saga&)");
  return detail::run_saga<std::decay_t<F>, typename inner::result_type>(*this,
                                                                        std::forward<F>(body));
}

}}  // namespace stet::v0
