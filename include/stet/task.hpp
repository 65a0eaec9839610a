// task<T>: the coroutine of a workflow and of its parts; and the operations that it may await.
//
// An *operation* is anything of Stet's that can be awaited: a step, a sleep, a task, all, any, … It
// is lazy: it begins when it is awaited, and it is awaited once. Internally it is not an awaiter
// but three functions:
//     bool start(environment, waiter&) noexcept  true: it has ended already; false: it will notify
//                                                the waiter
//     bool failed() const noexcept               after it ended
//     result_type result()                       after it ended; throws its error
// Thus all, any and map need no coroutine of their own, and a foreign coroutine can't await it by
// accident.
#pragma once
#include <concepts>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <stet/config.hpp>
#include <stet/export.hpp>
#include <stet/impl/guesses.hpp>
#include <stet/names.hpp>

namespace stet { inline namespace v0 {

class context;
class saga;
class scope;

/// How deep tasks may await each other. Loops are not depth: a million awaits in a loop use one
/// level.
inline constexpr std::uint32_t max_depth = 1000;

namespace detail {

class execution;

/// A callback for the end of an operation, called once. Returns the coroutine to go on with.
class waiter {
 public:
  using function = std::coroutine_handle<> (*)(waiter&) noexcept;
  explicit waiter(function f) noexcept : function_(f) {}
  std::coroutine_handle<> notify() noexcept { return function_(*this); }

 private:
  function function_;
};

/// The depth of a workflow's own coroutine. The handlers of updates begin one deeper.
inline constexpr std::uint32_t root_depth = 1;

/// Where an operation runs: passed from awaiter to awaited, so that no promise needs a context.
struct environment {
  class scope* scope = nullptr;
  std::uint32_t depth = 0;
};

STET_API context& context_of(environment) noexcept;
/// Reports that a workflow's own coroutine is about to return. Its variables still exist.
STET_API void root_returns(environment) noexcept;
/// Returns the exception that a workflow's code has thrown. Call it in a catch block. After
/// std::bad_alloc the run goes no further: it is no failure of the code, since a replay wouldn't
/// have it.
STET_API std::exception_ptr thrown(environment) noexcept;
/// Destroys a coroutine. An exception from a destructor in it is written to standard error and
/// dropped.
STET_API void destroy_frame(std::coroutine_handle<> h) noexcept;
[[noreturn]] STET_API void throw_too_deep();
[[noreturn]] STET_API void throw_awaited_twice();

template <class A>
concept awaitable = requires(A& a, const A& c, environment e, waiter& w) {
  typename A::result_type;
  { a.start(e, w) } noexcept -> std::same_as<bool>;
  { c.failed() } noexcept -> std::same_as<bool>;
  { a.result() };
};

/// Awaits an operation that lives at least as long as the full expression of the co_await.
template <awaitable A> class awaiter : waiter {
 public:
  explicit awaiter(A& a) noexcept : waiter(&resume), operation_(a) {}
  bool await_ready() const noexcept { return false; }
  // The bool form: an operation that ends at once costs no native stack, with every compiler and at
  // -O0.
  template <class P> bool await_suspend(std::coroutine_handle<P> h) noexcept {
    handle_ = h;
    return !operation_.start(h.promise().env(), *this);
  }
  typename A::result_type await_resume() { return operation_.result(); }

 private:
  static std::coroutine_handle<> resume(waiter& w) noexcept {
    return static_cast<awaiter&>(w).handle_;
  }
  A& operation_;
  std::coroutine_handle<> handle_;
};

class promise_base {
 public:
  promise_base() noexcept {}
  promise_base(const promise_base&) = delete;

  std::suspend_always initial_suspend() noexcept { return {}; }
  struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> h) const noexcept {
      promise_base& p = h.promise();
      p.ended_ = true;
      return p.starting_ ? std::noop_coroutine() : p.waiter_->notify();
    }
    void await_resume() const noexcept {}
  };
  final_awaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { error_ = thrown(env_); }

  template <class A> auto await_transform(A&& a) noexcept {
    using operand = std::remove_cvref_t<A>;
    if constexpr (requires(const operand& o) { o.token(), o.wait(); }) {
      static_assert(
          !requires(const operand& o) { o.token(); },
          "stet: a promise is waited for by wait(): co_await approval.wait()");
      return std::suspend_never{};
    } else if constexpr (requires(const operand& o) { o.id(), o.result(); }) {
      static_assert(
          !requires(const operand& o) { o.id(); },
          "stet: not the handle is awaited, but its result: co_await child.result(). (A "
          "workflow doesn't wait for a handle of engine.start: use ctx.child)");
      return std::suspend_never{};
    } else if constexpr (!awaitable<operand>) {
      static_assert(
          awaitable<operand>,
          "stet: a workflow can only await what Stet can replay: ctx.step, ctx.sleep, ctx.child, "
          "stet::all, another "
          "stet::task, … Put foreign asynchronous work into a step: its result is then journaled.");
      return std::suspend_never{};
    } else if constexpr (std::is_lvalue_reference_v<A>) {
      static_assert(!std::is_lvalue_reference_v<A>,
                    "stet: an operation is awaited once: co_await std::move(it)");
      return std::suspend_never{};
    } else {
      return awaiter<operand>(a);
    }
  }

  environment env() const noexcept { return env_; }
  bool start(std::coroutine_handle<> self, environment e, waiter& w) noexcept {
    if (waiter_) {
      fail(throw_awaited_twice);
      return true;
    }
    env_ = {e.scope, e.depth + 1};
    waiter_ = &w;
    if (env_.depth > max_depth) {
      fail(throw_too_deep);
      return ended_ = true;
    }
    starting_ = true;
    self.resume();
    starting_ = false;
    return ended_;
  }
  bool failed() const noexcept { return error_ != nullptr; }
  void returns() const noexcept {
    if (env_.depth == root_depth) root_returns(env_);
  }
  void rethrow_if_failed() {
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  void fail(void (*thrower)()) noexcept {
    try {
      thrower();
    } catch (...) { error_ = std::current_exception(); }
  }
  environment env_;
  waiter* waiter_ = nullptr;
  std::exception_ptr error_;
  bool starting_ = false;
  bool ended_ = false;
};

template <class T> class task_promise : public promise_base {
 public:
  task_promise() noexcept {}
  template <class U = T>
    requires std::is_convertible_v<U&&, T>
  void return_value(U&& v) {
    this->returns();
    value_.emplace(std::forward<U>(v));
  }
  void return_value(unknown) noexcept {}  // after a text that says what is wrong
  T take() {
    rethrow_if_failed();
    return *std::move(value_);
  }

 private:
  std::optional<T> value_;
};
template <> class task_promise<void> : public promise_base {
 public:
  task_promise() noexcept {}
  void return_void() noexcept { returns(); }
  void take() { rethrow_if_failed(); }
};

template <class F>
concept closure = std::is_class_v<F> && requires { &F::operator(); };
template <class P>
concept handed_over =  // a parameter by which Stet, which keeps the closure, calls it
    std::is_same_v<P, context&> || std::is_same_v<P, scope&> || std::is_same_v<P, saga&>;

/// The promise of a coroutine that is a lambda or a member. Its check runs when the closure is
/// complete.
template <class T, class Object, class FirstParameter> class object_promise;

}  // namespace detail

/// A coroutine that is a workflow, or a part of one. Lazy, move-only, awaited once.
///
///     stet::task<receipt> pay(stet::context& ctx, order o);
///     auto r = co_await pay(ctx, std::move(o));
///
/// Parameters are values, or lvalue references to objects that outlive the call (`stet::context&`
/// first).
template <class T = void>
class [[nodiscard("stet: a task does nothing until it is awaited")]] task {
  static_assert(!std::is_reference_v<T>,
                "stet: a task returns a value: a reference would not survive a replay");

 public:
  using result_type = T;
  task(task&& o) noexcept : handle_(std::exchange(o.handle_, {})), promise_(o.promise_) {}
  task& operator=(task o) noexcept {
    std::swap(handle_, o.handle_);
    std::swap(promise_, o.promise_);
    return *this;
  }
  ~task() {
    if (handle_) detail::destroy_frame(handle_);
  }

  bool start(detail::environment e, detail::waiter& w) noexcept {
    return !handle_ || promise_->start(handle_, e, w);
  }
  bool failed() const noexcept { return !handle_ || promise_->failed(); }
  T result() {
    if (!handle_) detail::throw_awaited_twice();
    return promise_->take();
  }
  template <std::same_as<T> V>
    requires(!std::is_void_v<T>)
  operator V() const {
    static_assert(detail::never<V>,
                  "stet: this is a task, and no result yet: co_await it. It begins when it is "
                  "awaited");
  }

 private:
  template <class, class, class> friend class detail::object_promise;
  task(std::coroutine_handle<> h, detail::task_promise<T>& p) noexcept : handle_(h), promise_(&p) {}
  std::coroutine_handle<> handle_;
  detail::task_promise<T>* promise_;
};

namespace detail {

template <class T, class Object, class FirstParameter>
class object_promise : public task_promise<T> {
 public:
  object_promise() noexcept {}
  task<T> get_return_object() noexcept {
    if constexpr (closure<Object>) {
      static_assert(std::is_empty_v<Object> || handed_over<FirstParameter>,
                    "stet: a lambda that captures and is a coroutine loses its captures when the "
                    "lambda goes. Give it "
                    "`stet::context&` as its first parameter and hand the lambda itself to Stet "
                    "(engine.define, stet::all, "
                    "stet::map, …), which keeps it; or pass what it needs as arguments.");
    }
    return task<T>(std::coroutine_handle<object_promise>::from_promise(*this), *this);
  }
};

template <class P> consteval void check_parameter() {
  static_assert(
      !std::is_rvalue_reference_v<P> &&
          !(std::is_lvalue_reference_v<P> && std::is_const_v<std::remove_reference_t<P>>),
      "stet: a coroutine's parameter of type `const T&` or `T&&` may refer to a temporary that is "
      "gone when the task is "
      "awaited: take it by value (or by `T&` if it is a variable that outlives the task)");
  static_assert(!is_view<std::remove_cvref_t<P>>::value,
                "stet: a coroutine's parameter must not be a view (string_view, span, …): what it "
                "sees may be gone when the task is "
                "awaited. Take a std::string, a std::vector, … by value");
}
template <class... P> struct object_of {
  using object = void;
  using first = void;
};
template <class O> struct object_of<O> {
  using object = std::remove_cvref_t<O>;
  using first = void;
};
template <class O, class P, class... Rest> struct object_of<O, P, Rest...> {
  using object = std::remove_cvref_t<O>;
  using first = P;
};
template <class O, class P, class... Rest>
  requires handed_over<O>  // the usual case: one promise type
struct object_of<O, P, Rest...> {
  using object = void;
  using first = void;
};
template <class O>
  requires handed_over<O>
struct object_of<O> {
  using object = void;
  using first = void;
};

template <class... P> struct checked {};
template <class First, class... Rest>
struct checked<First, Rest...> {  // First may be *this of a const member
  static_assert(!is_view<std::remove_cvref_t<First>>::value ||
                    !std::is_class_v<std::remove_cvref_t<First>>,
                "stet: a coroutine's parameter must not be a view (string_view, span, …)");
  static_assert(!std::is_same_v<std::remove_cvref_t<First>, context> ||
                    std::is_same_v<First, context&>,
                "stet: take the context by reference: stet::context& ctx");
  static_assert((static_cast<void>(check_parameter<Rest>()), ..., true));
};

}  // namespace detail
}}  // namespace stet::v0

template <class T, class... P>
struct std::coroutine_traits<stet::task<T>, P...> : stet::detail::checked<P...> {
  using promise_type =
      stet::detail::object_promise<T, typename stet::detail::object_of<P...>::object,
                                   typename stet::detail::object_of<P...>::first>;
};
