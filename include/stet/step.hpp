// Steps: ordinary functions that a workflow calls once, and whose results are recorded.
#pragma once
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <stet/blob.hpp>
#include <stet/codec.hpp>
#include <stet/completion.hpp>
#include <stet/error.hpp>
#include <stet/found.hpp>
#include <stet/operation.hpp>
#include <stet/options.hpp>
#include <stet/scope.hpp>

namespace stet { inline namespace v0 {

namespace detail {
class attempt;
}  // namespace detail

/// Tells a step's body about its attempt: the body takes `stet::step_context&` as its first
/// parameter.
///     auto n = co_await ctx.step("upload", [](stet::step_context& s) {
///       return upload(s.idempotency_key());
///     });
///
/// Thread   the body's own; stop_requested and heartbeat from any, while the body runs.
class STET_API step_context {
 public:
  explicit step_context(detail::attempt& a) noexcept : attempt_(&a) {}
  step_context(const step_context&) = delete;

  /// Returns the number of the attempt: 1 at first. It rises with each attempt, also with those
  /// that a crash cut short.
  unsigned attempt() const noexcept;
  /// Returns a text that is the same at every attempt, and unique across runs, stores and devices:
  /// pass it to a payment provider. It is no secret: a reader of one key can compute the run's
  /// other keys, and ctx.random().
  std::string idempotency_key() const;
  /// Returns true after a time-out, a cancellation, a lost race or the engine's close, and when the
  /// run is stalled or has ended: the body should return soon. A body on the engine's own thread
  /// (inline, or in manual mode) sees the close only.
  bool stop_requested() const noexcept;
  /// Throws   stet::stopped if stop_requested(): the attempt may be made again.
  ///     for (auto& part : parts) {
  ///       s.throw_if_stopped();
  ///       send(part);
  ///     }
  void throw_if_stopped() const;
  /// Reports how far the body is. The next attempt reads the last report with progress(), also
  /// after a crash. A report from an attempt that was given up is dropped.
  /// Throws   errc::payload if `progress` is longer than a payload may be; what its codec throws.
  /// Cost     a record in the run's history now and then, however often it is called.
  /// Durable  the first of an attempt soon after the call, not when it returns. A later one within
  ///          a second, or a hundredth of the attempt's time so far if that is longer; several in
  ///          that time are kept as one, and the last one when the attempt fails.
  template <class T> void heartbeat(const T& progress) {
    std::string b;
    encode(b, progress);
    beat(std::move(b));
  }
  /// Returns what the latest heartbeat of an earlier attempt said; an empty optional if there was
  /// none.
  /// Throws   errc::payload if it was no `T`.
  template <class T> found<T> progress() const {
    auto b = last_progress();
    if (b.empty()) return std::nullopt;
    return decode<T>(b);
  }
  /// Keeps bytes that are too long for a payload. Put the blob that it returns into the step's
  /// result. One attempt keeps at most 64 MiB in all (stet::blob_bytes_max). Needs <stet/blob.hpp>;
  /// not for transactions.
  /// Throws   permanent_error if the attempt keeps too many bytes: the step fails with step_failed.
  /// Durable  in the same commit as the step's result; an attempt that fails keeps nothing.
  blob keep(std::string_view bytes);
  /// Returns the bytes of a blob, or a part of them.
  /// Throws   errc::not_found if the run that kept it was erased, errc::usage for an offset past
  ///          the end.
  std::string read(const blob& b, std::uint64_t offset = 0, std::uint64_t length = UINT64_MAX);

 private:
  void beat(std::string);
  std::string_view last_progress() const noexcept;
  detail::attempt* attempt_;
};

/// A value that a step's body gets and that is not journaled: a handle, a secret.
template <class T> struct unrecorded_value {
  T value;
  unrecorded_value(T v) : value(std::move(v)) {}
};
/// Wraps an argument of a step that is not journaled.
template <class T> auto unrecorded(T&& v) {
  detail::guard_gcc<T>();
  return unrecorded_value<std::decay_t<T>>(std::forward<T>(v));
}

/// A body that captures, and owns everything that it captures: it may outlive its workflow's frame.
template <class F> struct owning_body {
  F f;
  owning_body(F x) : f(std::move(x)) {}
  template <class... A> auto operator()(A&&... a) -> std::invoke_result_t<F&, A...> {
    return f(std::forward<A>(a)...);
  }
};
/// Wraps a body that captures: it promises that the body owns all of it. Then a run, and a close,
/// doesn't wait for a body that has been given up. All attempts share what the body owns, and an
/// attempt that was given up may run beside the next one: a body that changes it must expect both.
template <class F> owning_body<std::decay_t<F>> owning(F&& f) {
  detail::guard_gcc<F>();
  return {std::forward<F>(f)};
}

namespace detail {

template <class T> struct parameters_of {};
template <class R, class... P> struct parameters_of<R (*)(P...)> {
  using type = std::tuple<P...>;
  using result = R;
};
template <class R, class... P>
struct parameters_of<R (*)(P...) noexcept> : parameters_of<R (*)(P...)> {};
template <class R, class C, class... P>
struct parameters_of<R (C::*)(P...)> : parameters_of<R (*)(P...)> {};
template <class R, class C, class... P>
struct parameters_of<R (C::*)(P...) const> : parameters_of<R (*)(P...)> {};
template <class R, class C, class... P>
struct parameters_of<R (C::*)(P...) noexcept> : parameters_of<R (*)(P...)> {};
template <class R, class C, class... P>
struct parameters_of<R (C::*)(P...) const noexcept> : parameters_of<R (*)(P...)> {};
template <class F>
  requires requires { &F::operator(); }
struct parameters_of<F> : parameters_of<decltype(&F::operator())> {};
template <class F>
concept one_signature = requires { typename parameters_of<std::decay_t<F>>::type; };

template <class F> struct unwrapped {
  using type = F;
};
template <class F> struct unwrapped<owning_body<F>> {
  using type = F;
};
// The type that a body's completion takes; none, unless its first parameter is a completion.
template <class P> struct completes_with {
  static constexpr bool value = false;
};
template <class R> struct completes_with<completion<R>> {
  static constexpr bool value = true;
  using type = R;
};
template <class F> consteval auto completion_of() {
  using body = typename unwrapped<F>::type;
  if constexpr (one_signature<body>) {
    using parameters = typename parameters_of<body>::type;
    if constexpr (std::tuple_size_v<parameters> > 0)
      return completes_with<std::remove_cvref_t<std::tuple_element_t<0, parameters>>>{};
    else return completes_with<void>{};
  } else {
    return completes_with<void>{};
  }
}
template <class F> using completion_of_t = decltype(completion_of<F>());

// The type as which a step keeps an argument: std::string for a pointer to characters or a view,
// else the decayed type.
template <class A> struct kept {
  using type = std::decay_t<A>;
};
template <class A>
  requires std::same_as<std::decay_t<A>, const char*> || std::same_as<std::decay_t<A>, char*> ||
           std::same_as<std::decay_t<A>, std::string_view>
struct kept<A> {
  using type = std::string;
};
template <class A> using kept_t = typename kept<A>::type;

template <class T> inline constexpr bool is_unrecorded = false;
template <class T> inline constexpr bool is_unrecorded<unrecorded_value<T>> = true;
template <class T> const T& bare(const T& v) noexcept { return v; }
template <class T> const T& bare(const unrecorded_value<T>& v) noexcept { return v.value; }
template <class T> using bare_t = std::remove_cvref_t<decltype(bare(std::declval<const T&>()))>;

template <class A> consteval void check_argument() {
  if constexpr (options<A>) {
    static_assert(
        !options<A>,
        "stet: a step's options come after its name: ctx.step(\"charge\", {.timeout = 30s}, "
        "charge, order)");
  } else if constexpr (!is_unrecorded<A>) {
    static_assert(
        !is_reference_like<A>,
        "stet: a step's arguments are kept and journaled: pass values, not pointers, views or "
        "std::ref. What can't be "
        "journaled (a connection, a secret) goes into a lambda's capture or stet::unrecorded(x)");
    if constexpr (!is_reference_like<A>)
      static_assert(encodable<A>,
                    "stet: this argument of a step can't be journaled: it has no codec. Include "
                    "<stet/json.hpp> and give it "
                    "NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE, specialise stet::codec, or pass "
                    "stet::unrecorded(x)");
  }
}

template <class F, class... A> struct body_traits {
  static constexpr bool with_context = std::is_invocable_v<F&, step_context&, const bare_t<A>&...>;
  static constexpr bool plain = std::is_invocable_v<F&, const bare_t<A>&...>;
  static consteval auto result() {
    if constexpr (with_context)
      return std::type_identity<
          std::decay_t<std::invoke_result_t<F&, step_context&, const bare_t<A>&...>>>{};
    else if constexpr (plain)
      return std::type_identity<std::decay_t<std::invoke_result_t<F&, const bare_t<A>&...>>>{};
    else return std::type_identity<void>{};
  }
  using type = typename decltype(result())::type;
  static constexpr bool captures = std::is_class_v<F> && !std::is_empty_v<F>;
};
template <class F> inline constexpr bool owns = !std::is_class_v<F> || std::is_empty_v<F>;
template <class F> inline constexpr bool owns<owning_body<F>> = true;

// Whether a body may change its own captures: they are no one else's.
template <class F> inline constexpr bool keeps_state = !std::is_class_v<F> || std::is_empty_v<F>;
template <class F> inline constexpr bool keeps_state<owning_body<F>> = true;
/// Refuses a body that is `mutable`. `AsConst`: it can be called as a const object.
template <class F, bool AsConst> consteval void check_captures() {
  static_assert(AsConst || keeps_state<F>,
                "stet: a step's body must not change what it captures: the next attempt would find "
                "what this one has left, and a replay, which runs no body, nothing of it. Return "
                "what the body finds out, and change variables in the workflow. If the body owns "
                "what it changes, wrap it in stet::owning");
}

/// The type that a body returns which can't be called with its arguments, as far as that is known:
/// what is done with the result then compiles.
template <class F> consteval auto result_of_unfit() {
  if constexpr (one_signature<typename unwrapped<F>::type>) {
    using R =
        std::decay_t<typename parameters_of<std::decay_t<typename unwrapped<F>::type>>::result>;
    if constexpr (encodable<R>) return std::type_identity<R>{};
    else return std::type_identity<void>{};
  } else {
    return std::type_identity<void>{};
  }
}

[[noreturn]] STET_API void throw_unencodable();
/// Throws   errc::payload if `bytes` is more than a payload may have.
STET_API void check_arguments(std::string_view what, std::size_t bytes);
/// Throws   errc::usage for options that make no sense.
STET_API void check_options(std::string_view step, const step_options& o);

template <class F, class... A> consteval void check_body() {
  using traits = body_traits<F, A...>;
  static_assert(std::is_nothrow_destructible_v<F> && (std::is_nothrow_destructible_v<A> && ...),
                "stet: a step's body and its arguments must have destructors that don't throw");
  static_assert(traits::with_context || traits::plain,
                "stet: the step's body can't be called with these arguments. They come as const "
                "(each attempt gets the same); "
                "a stet::step_context& or a stet::completion<R> may come first");
  using as_const = body_traits<const F, A...>;
  if constexpr (traits::with_context || traits::plain)
    check_captures<F, as_const::with_context || as_const::plain>();
  using R = typename traits::type;
  static_assert(!awaitable<R>,
                "stet: a step's body is an ordinary function, run outside the workflow: await the "
                "task itself instead");
  static_assert(std::is_void_v<R> || !is_reference_like<R>,
                "stet: a step's body returns a value: what a pointer or view refers to is not "
                "there on a replay");
  if constexpr (!awaitable<R> && (std::is_void_v<R> || !is_reference_like<R>))
    (void)require_codec<R>();
}

template <class R, class F, class... A> consteval void check_later_body() {
  constexpr bool callable = std::is_invocable_v<F&, completion<R>, const bare_t<A>&...>;
  static_assert(std::is_nothrow_destructible_v<F> && (std::is_nothrow_destructible_v<A> && ...),
                "stet: a step's body and its arguments must have destructors that don't throw");
  static_assert(callable,
                "stet: the step's body can't be called with a stet::completion<R>, by value, and "
                "these arguments. They come as const (each attempt gets the same)");
  if constexpr (callable)
    check_captures<F, std::is_invocable_v<const F&, completion<R>, const bare_t<A>&...>>();
  if constexpr (callable)
    static_assert(
        std::is_void_v<std::invoke_result_t<F&, completion<R>, const bare_t<A>&...>>,
        "stet: a step's body that takes a stet::completion<R> returns nothing: its result is what "
        "the completion is resolved with. For a body that is an awaitable of Asio, see "
        "<stet/asio.hpp>");
  static_assert(!awaitable<R>, "stet: a completion is of a value, not of a task");
  static_assert(std::is_void_v<R> || !is_reference_like<R>,
                "stet: a completion is of a value: what a pointer or view refers to is not there "
                "on a replay");
  if constexpr (!awaitable<R> && (std::is_void_v<R> || !is_reference_like<R>))
    (void)require_codec<R>();
}

template <class... A> std::string encode_arguments(const A&... a) {
  std::string out;
  writer w(out);
  w.array(sizeof...(A));
  (
      [&] {
        if constexpr (is_unrecorded<A>) w.null();
        else codec<A>::encode(w, a);
      }(),
      ...);
  if (false) (note_codecs<A>(), ...);
  return out;
}

/// A step with its body and its arguments. The run and the thread that runs the body share it.
template <class F, class... A> class body final : public request {
 public:
  template <class G, class... B>
  body(step_name n, const step_options& o, G&& f, B&&... a)
      : request(wait_kind::step, n.text, n.where),
        f_(std::forward<G>(f)),
        arguments_(std::forward<B>(a)...) {
    options = o;
    waits_for_body = !owns<F> || (is_reference_like<bare_t<A>> || ...);
    // The kept values are encoded, so that the journal has what the body gets.
    arguments = std::apply([](const A&... x) { return encode_arguments(x...); }, arguments_);
    detail::check_arguments(n.text, arguments.size());
  }
  void run(step_context& c, std::string& result) override {
    using traits = body_traits<F, A...>;
    auto call = [&](const A&... a)
        -> decltype(auto) {  // std::apply reaches member functions without <functional>
      if constexpr (traits::with_context)
        return std::apply(f_, std::tuple<step_context&, const bare_t<A>&...>(c, bare(a)...));
      else return std::apply(f_, std::tuple<const bare_t<A>&...>(bare(a)...));
    };
    if constexpr (std::is_void_v<typename traits::type>) {
      std::apply(call, arguments_);
      writer(result).null();
    } else {
      auto value = std::apply(call, arguments_);
      try {
        stet::encode<typename traits::type>(result, value);
      } catch (...) {
        throw_unencodable();  // the effect has happened: another attempt would not help
      }
    }
  }

 private:
  F f_;
  std::tuple<A...> arguments_;
};

/// A step whose body takes a completion.
template <class R, class F, class... A> class later_body final : public request {
 public:
  template <class G, class... B>
  later_body(step_name n, const step_options& o, G&& f, B&&... a)
      : request(wait_kind::step, n.text, n.where),
        f_(std::forward<G>(f)),
        arguments_(std::forward<B>(a)...) {
    options = o;
    completes = true;
    waits_for_body = !owns<F> || (is_reference_like<bare_t<A>> || ...);
    arguments = std::apply([](const A&... x) { return encode_arguments(x...); }, arguments_);
    detail::check_arguments(n.text, arguments.size());
  }
  void begin(completion_state& c) override {
    std::apply(
        [&](const A&... a) {
          using passed = std::tuple<completion<R>, const bare_t<A>&...>;
          std::apply(f_, passed(completion<R>(c), bare(a)...));
        },
        arguments_);
  }

 private:
  F f_;
  std::tuple<A...> arguments_;
};

template <class F, class... A>
auto make_step(step_name name, const step_options& o, F&& f, A&&... a) {
  guard_gcc<F>();
  (guard_gcc<A>(), ...);
  using Fn = std::decay_t<F>;
  (check_argument<kept_t<A>>(), ...);
  check_options(name.text, o);
  if constexpr (completion_of_t<Fn>::value) {
    using R = typename completion_of_t<Fn>::type;
    check_later_body<R, Fn, kept_t<A>...>();
    if constexpr (std::is_invocable_v<Fn&, completion<R>, const bare_t<kept_t<A>>&...> &&
                  encodable<R>)
      return v0::operation<R>(
          new later_body<R, Fn, kept_t<A>...>(name, o, std::forward<F>(f), std::forward<A>(a)...));
    else return v0::operation<void>(nullptr);  // a static_assert above has said why
  } else {
    check_body<Fn, kept_t<A>...>();
    using traits = body_traits<Fn, kept_t<A>...>;
    using R = typename traits::type;
    if constexpr ((traits::with_context || traits::plain) && encodable<R>)
      return v0::operation<R>(
          new body<Fn, kept_t<A>...>(name, o, std::forward<F>(f), std::forward<A>(a)...));
    else  // a static_assert above has said why
      return v0::operation<typename decltype(result_of_unfit<Fn>())::type>(nullptr);
  }
}

}  // namespace detail
}}  // namespace stet::v0
