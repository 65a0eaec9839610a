// Composition of operations: all, any, first_success, with_timeout, with_scope, shield, attempt.
// Free functions over anything that Stet can await. Pass a coroutine lambda itself, not a call of
// it:
//     co_await stet::all(ctx.step("a", f), [&](stet::context& ctx) -> stet::task<int> { … });
//
// Structured: none of these ends before everything that it began in this run has ended. A loser of
// a race is cancelled and may clean up durably (its awaits throw stet::cancelled; what it shields
// still runs), and only then does the race return. A child run that lost is asked to cancel, and
// isn't waited for.
#pragma once
#include <concepts>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <stet/operation.hpp>
#include <stet/options.hpp>
#include <stet/scope.hpp>
#include <stet/task.hpp>

namespace stet { inline namespace v0 {
namespace detail {

template <class T> using stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// Returns the result of an operation, with std::monostate for void.
template <awaitable A> stored<typename A::result_type> result_of(A& a) {
  if constexpr (std::is_void_v<typename A::result_type>) {
    a.result();
    return {};
  } else return a.result();
}

template <class F>
concept maker_with_context = std::is_invocable_v<F&, context&> &&
                             awaitable<std::remove_cvref_t<std::invoke_result_t<F&, context&>>>;
template <class F>
concept maker = std::is_invocable_v<F&> && awaitable<std::remove_cvref_t<std::invoke_result_t<F&>>>;

/// A place for an operation that is made late: an operation can't be moved once it has started.
template <awaitable A> class place {
 public:
  place() noexcept {}
  place(place&&) noexcept {}
  ~place() { reset(); }
  template <class Make> A& make(Make m) {
    auto* p = ::new (static_cast<void*>(bytes_)) A(m());
    full_ = true;
    return *p;
  }
  A& operator*() noexcept { return *reinterpret_cast<A*>(bytes_); }
  const A& operator*() const noexcept { return *reinterpret_cast<const A*>(bytes_); }
  explicit operator bool() const noexcept { return full_; }
  void reset() noexcept {
    if (full_) {
      full_ = false;
      (**this).~A();
    }
  }

 private:
  alignas(A) unsigned char bytes_[sizeof(A)];
  bool full_ = false;
};

/// An operation that a callable makes when it starts. Owns the callable, so that a coroutine lambda
/// keeps its captures.
template <class F> class made {
  static auto make(F& f, environment e) {
    if constexpr (maker_with_context<F>) return f(context_of(e));
    else return f();
  }
  using inner = decltype(make(std::declval<F&>(), {}));

 public:
  using result_type = typename inner::result_type;
  explicit made(F f) : callable_(std::move(f)) {}
  made(made&& o) noexcept(std::is_nothrow_move_constructible_v<F>)
      : callable_(std::move(o.callable_)) {}
  bool start(environment e, waiter& w) noexcept {
    try {
      inner_.make([&] { return make(callable_, e); });
    } catch (...) {
      error_ = thrown(e);
      return true;
    }
    return (*inner_).start(e, w);
  }
  bool failed() const noexcept { return error_ || (*inner_).failed(); }
  result_type result() {
    if (error_) std::rethrow_exception(error_);
    return (*inner_).result();
  }

 private:
  F callable_;
  place<inner> inner_;
  std::exception_ptr error_;
};

/// Turns an argument of all, any, … into an operation: it is an operation by rvalue, or a callable
/// that makes one.
template <class A> auto as_operation(A&& a) {
  if constexpr (!awaitable<std::remove_cvref_t<A>>) guard_gcc<A>();
  using type = std::remove_cvref_t<A>;
  if constexpr (awaitable<type>) {
    static_assert(!std::is_lvalue_reference_v<A>,
                  "stet: an operation is awaited once: pass std::move(it)");
    return type(std::move(a));
  } else {
    static_assert(maker_with_context<type> || maker<type>,
                  "stet: expected something that Stet can await, or a callable (of "
                  "`stet::context&` or of nothing) that returns it");
    return made<type>(std::forward<A>(a));
  }
}
template <class A> using operation_of = decltype(as_operation(std::declval<A>()));

/// Throws errc::usage: none of no operations can end first.
[[noreturn]] STET_API void throw_no_operations();

/// Several operations that are begun together and end together.
class STET_API group {
 public:
  enum class rule : std::uint8_t { all, any, success };
  group& operator=(group&&) = delete;

 protected:
  struct branch : waiter {
    branch() noexcept : waiter(&on_end) {}
    branch(branch&&) noexcept : waiter(&on_end) {}
    static std::coroutine_handle<> on_end(waiter&) noexcept;
    v0::scope scope;
    group* owner = nullptr;
    std::size_t index = 0;
    bool live = false;
  };
  explicit group(rule r) noexcept : rule_(r) {}
  group(group&& o) noexcept : rule_(o.rule_) {}
  ~group() = default;

  void open(environment e, waiter& w, std::size_t size) noexcept {
    env_ = e;
    waiter_ = &w;
    size_ = size;
  }
  /// Begins a branch. Returns whether to begin the next one: false once the outcome is decided.
  template <awaitable A> bool begin(branch& b, std::size_t index, A& a) noexcept {
    admit(b, index);
    if (a.start({&b.scope, env_.depth}, b)) end(b);
    return !decided_;
  }
  bool close() noexcept {
    opening_ = false;
    return live_ == 0;
  }
  std::size_t decisive() const noexcept { return decisive_; }
  bool decided() const noexcept { return decided_; }
  std::size_t live() const noexcept { return live_; }
  const environment& env() const noexcept { return env_; }

  virtual bool branch_failed(std::size_t) const noexcept = 0;
  virtual void cancel_rest() noexcept = 0;
  virtual void after(std::size_t) noexcept {}

 private:
  void admit(branch&, std::size_t index) noexcept;
  void end(branch&) noexcept;
  rule rule_;
  bool opening_ = true;
  bool decided_ = false;      // any, success: a branch has won; all: one has failed
  std::size_t decisive_ = 0;  // the index of that branch
  std::size_t live_ = 0;
  std::size_t size_ = 0;
  environment env_;
  waiter* waiter_ = nullptr;
};

/// A fixed number of operations of different types.
template <group::rule Rule, awaitable... A>
class [[nodiscard("stet: an operation does nothing until it is awaited")]] tuple_group final
    : group {
  static constexpr std::size_t count = sizeof...(A);

 public:
  using result_type =
      std::conditional_t<Rule == rule::all, std::tuple<stored<typename A::result_type>...>,
                         std::variant<stored<typename A::result_type>...>>;
  explicit tuple_group(A... a) : group(Rule), operations_(std::move(a)...) {}

  bool start(environment e, waiter& w) noexcept {
    open(e, w, count);
    with_each([&](auto index, auto& a) { return begin(branches_[index], index, a); });
    return close();
  }
  bool failed() const noexcept {
    return Rule == rule::all ? decided() : !decided() || branch_failed(decisive());
  }
  result_type result() {
    if constexpr (Rule == rule::all) {
      if (decided())
        with_each([&](auto index, auto& a) {
          if (index == decisive()) (void)a.result();
          return true;
        });  // throws
      return std::apply([](A&... a) { return result_type{result_of(a)...}; }, operations_);
    } else {
      std::optional<result_type> r;
      std::size_t winner =
          decided() ? decisive() : count - 1;  // success, but no branch won: the last one's error
      with_each([&](auto index, auto& a) {
        if (index == winner) r.emplace(std::in_place_index<index>, result_of(a));
        return true;
      });
      return *std::move(r);
    }
  }

 private:
  template <class F> void with_each(F f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (void)(f(std::integral_constant<std::size_t, I>{}, std::get<I>(operations_)) && ...);
    }(std::make_index_sequence<count>{});
  }
  bool branch_failed(std::size_t i) const noexcept override {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return ((I == i && std::get<I>(operations_).failed()) || ...);
    }(std::make_index_sequence<count>{});
  }
  void cancel_rest() noexcept override {
    for (auto& b : branches_)
      if (b.live) b.scope.cancel();
  }

  branch branches_[count];  // first, so that an operation never outlives its scope
  std::tuple<A...> operations_;
};

}  // namespace detail

/// The index and the value of the operation, of several of one type, that ended first.
template <class T> struct any_of {
  std::size_t index;
  T value;
};

namespace detail {

/// Any number of operations of one type.
template <group::rule Rule, awaitable A>
class [[nodiscard("stet: an operation does nothing until it is awaited")]] vector_group final
    : group {
  using value = stored<typename A::result_type>;

 public:
  using result_type = std::conditional_t<
      Rule == rule::all,
      std::conditional_t<std::is_void_v<typename A::result_type>, void, std::vector<value>>,
      any_of<value>>;
  explicit vector_group(std::vector<A> a)
      : group(Rule), branches_(a.size()), operations_(std::move(a)) {}

  bool start(environment e, waiter& w) noexcept {
    open(e, w, operations_.size());
    for (std::size_t i = 0; i < operations_.size() && begin(branches_[i], i, operations_[i]); ++i) {
    }
    return close();
  }
  bool failed() const noexcept {
    return Rule == rule::all ? decided() : !decided() || branch_failed(decisive());
  }
  result_type result() {
    if constexpr (Rule == rule::all) {
      if (decided()) (void)operations_[decisive()].result();
      if constexpr (!std::is_void_v<result_type>) {
        std::vector<value> r;
        r.reserve(operations_.size());
        for (auto& a : operations_) r.push_back(a.result());
        return r;
      } else {
        for (auto& a : operations_) a.result();
      }
    } else {
      if (operations_.empty()) throw_no_operations();
      std::size_t winner = decided() ? decisive() : operations_.size() - 1;
      return {winner, result_of(operations_[winner])};
    }
  }

 private:
  bool branch_failed(std::size_t i) const noexcept override { return operations_[i].failed(); }
  void cancel_rest() noexcept override {
    for (auto& b : branches_)
      if (b.live) b.scope.cancel();
  }
  std::vector<branch> branches_;
  std::vector<A> operations_;
};

template <awaitable A>
class [[nodiscard("stet: an operation does nothing until it is awaited")]] attempted {
 public:
  using result_type = outcome<typename A::result_type>;
  explicit attempted(A a) : operation_(std::move(a)) {}
  bool start(environment e, waiter& w) noexcept { return operation_.start(e, w); }
  bool failed() const noexcept { return false; }
  result_type result() {
    try {
      return result_type(result_of(operation_));
    } catch (const cancelled&) { throw; } catch (const std::bad_alloc&) {
      throw;
    } catch (...) { return result_type(std::current_exception()); }
  }

 private:
  A operation_;
};

template <awaitable A>
class [[nodiscard("stet: an operation does nothing until it is awaited")]] timed {
  using race = tuple_group<group::rule::any, A, v0::operation<void>>;
  using T = typename A::result_type;

 public:
  using result_type = std::conditional_t<std::is_void_v<T>, bool, std::optional<stored<T>>>;
  timed(duration d, A a)
      : race_(std::move(a), v0::operation<void>(make_sleep(d.count(), false, {}))) {}
  bool start(environment e, waiter& w) noexcept { return race_.start(e, w); }
  bool failed() const noexcept { return race_.failed(); }
  result_type result() {
    auto r = race_.result();
    if constexpr (std::is_void_v<T>) return r.index() == 0;
    else {
      if (r.index() != 0) return std::nullopt;
      return std::get<0>(std::move(r));
    }
  }

 private:
  race race_;
};

template <awaitable A>
class [[nodiscard("stet: an operation does nothing until it is awaited")]] shielded {
 public:
  using result_type = typename A::result_type;
  explicit shielded(A a) : operation_(std::move(a)) {}
  shielded(shielded&& o) noexcept(std::is_nothrow_move_constructible_v<A>)
      : operation_(std::move(o.operation_)) {}
  bool start(environment e, waiter& w) noexcept {
    scope_access::attach(part_, *e.scope, true);
    return operation_.start({&part_, e.depth}, w);
  }
  bool failed() const noexcept { return operation_.failed(); }
  result_type result() { return operation_.result(); }

 private:
  v0::scope part_;
  A operation_;
};

/// A body that gets a scope of its own.
template <class F>
class [[nodiscard("stet: an operation does nothing until it is awaited")]] scoped {
  using inner = std::invoke_result_t<F&, v0::scope&>;
  using T = typename inner::result_type;

 public:
  using result_type = std::conditional_t<std::is_void_v<T>, bool, std::optional<stored<T>>>;
  explicit scoped(F f) : callable_(std::move(f)) {}
  scoped(scoped&& o) noexcept(std::is_nothrow_move_constructible_v<F>)
      : callable_(std::move(o.callable_)) {}
  bool start(environment e, waiter& w) noexcept {
    outer_ = e.scope;
    scope_access::attach(part_, *e.scope);
    try {
      inner_.make([&] { return callable_(part_); });
    } catch (...) {
      error_ = thrown(e);
      return true;
    }
    return (*inner_).start({&part_, e.depth}, w);
  }
  bool failed() const noexcept { return error_ || ((*inner_).failed() && !part_.is_cancelled()); }
  result_type result() {
    if (error_) std::rethrow_exception(error_);
    try {
      if constexpr (std::is_void_v<T>) {
        (*inner_).result();
        return true;
      } else return (*inner_).result();
    } catch (const cancelled&) {
      if (!part_.is_cancelled() || outer_->is_cancelled()) throw;
      return result_type{};  // cancelled from within: expected, so a value
    }
  }

 private:
  F callable_;
  v0::scope part_;
  v0::scope* outer_ = nullptr;
  place<inner> inner_;
  std::exception_ptr error_;
};

template <class T>
concept awaitable_argument =
    awaitable<std::remove_cvref_t<T>> || maker_with_context<std::remove_cvref_t<T>> ||
    maker<std::remove_cvref_t<T>>;

template <class V> inline constexpr bool vector_of_operations = false;
template <class A>
inline constexpr bool vector_of_operations<std::vector<A>> = awaitable_argument<A>;

template <group::rule Rule, class V> auto group_of(V&& operations) {
  using A = typename std::remove_cvref_t<V>::value_type;
  constexpr bool takes = !std::is_lvalue_reference_v<V> || std::is_copy_constructible_v<A>;
  static_assert(takes, "stet: an operation is awaited once: pass std::move(it)");
  if constexpr (takes) return vector_group<Rule, A>(std::forward<V>(operations));
  else return v0::operation<void>(nullptr);
}

}  // namespace detail

/// Waits for all operations. Returns a std::tuple of their results (std::monostate for void); for a
/// vector of operations a std::vector, or void; of an empty vector at once. The first failure
/// cancels the others; it is thrown when they have ended.
template <class... A>
  requires(sizeof...(A) > 0)
auto all(A&&... operations) {
  return detail::tuple_group<detail::group::rule::all, detail::operation_of<A>...>(
      detail::as_operation(std::forward<A>(operations))...);
}
template <class V>
  requires(detail::vector_of_operations<std::remove_cvref_t<V>>)
auto all(V&& operations) {
  return detail::group_of<detail::group::rule::all>(std::forward<V>(operations));
}
/// Waits for the first operation to end, with a value or an exception, by the order of events in
/// the history; cancels the others. Returns a std::variant whose index() is the winner's; for a
/// vector of operations any_of{index, value}. The await of an empty vector throws errc::usage.
template <class... A>
  requires(sizeof...(A) > 0)
auto any(A&&... operations) {
  return detail::tuple_group<detail::group::rule::any, detail::operation_of<A>...>(
      detail::as_operation(std::forward<A>(operations))...);
}
template <class V>
  requires(detail::vector_of_operations<std::remove_cvref_t<V>>)
auto any(V&& operations) {
  return detail::group_of<detail::group::rule::any>(std::forward<V>(operations));
}
/// Waits for the first operation to succeed; cancels the others. If none succeeds, throws the error
/// of the last operation in the list. Returns, and takes an empty vector, as any.
template <class... A>
  requires(sizeof...(A) > 0)
auto first_success(A&&... operations) {
  return detail::tuple_group<detail::group::rule::success, detail::operation_of<A>...>(
      detail::as_operation(std::forward<A>(operations))...);
}
template <class V>
  requires(detail::vector_of_operations<std::remove_cvref_t<V>>)
auto first_success(V&& operations) {
  return detail::group_of<detail::group::rule::success>(std::forward<V>(operations));
}

/// Waits for an operation, no longer than `limit`. Returns an optional, empty if the time was up;
/// for void a bool, false if the time was up.
template <class A> auto with_timeout(duration limit, A&& operation) {
  return detail::timed<detail::operation_of<A>>(limit,
                                                detail::as_operation(std::forward<A>(operation)));
}
template <class A, class D>
  requires(!std::convertible_to<A, duration>)
auto with_timeout(A&&, D&&) {
  if constexpr (std::convertible_to<D, duration>)
    static_assert(detail::never<A>,
                  "stet: the limit comes first: stet::with_timeout(5s, operation)");
  else detail::refuse_length<std::remove_cvref_t<A>>();
  return operation<void>(nullptr);
}
/// Runs an operation to its end even if the code that awaits it is cancelled: for clean-up.
template <class A> auto shield(A&& operation) {
  return detail::shielded<detail::operation_of<A>>(
      detail::as_operation(std::forward<A>(operation)));
}
/// Runs an operation and returns its value or its failure as a stet::outcome. stet::cancelled and
/// std::bad_alloc are still thrown.
template <class A> auto attempt(A&& operation) {
  return detail::attempted<detail::operation_of<A>>(
      detail::as_operation(std::forward<A>(operation)));
}
/// Waits for all operations, also if some of them fail. Returns a std::tuple of stet::outcome.
template <class... A>
  requires(sizeof...(A) > 0)
auto try_all(A&&... operations) {
  return stet::all(stet::attempt(std::forward<A>(operations))...);
}

/// Runs `body(scope&)`. All code that has the scope may cancel it. Returns an optional, empty if
/// the scope was cancelled; for void a bool, false if the scope was cancelled.
template <class F> auto with_scope(F&& body) {
  detail::guard_gcc<F>();
  return detail::scoped<std::decay_t<F>>(std::forward<F>(body));
}

}}  // namespace stet::v0
