// Steps whose body is an awaitable of Asio: a coroutine on an executor of yours, for which no
// thread waits. Works with standalone Asio (1.22 or newer), or with Boost.Asio if STET_BOOST_ASIO
// is defined as 1.
//
// Header only, and included by no other header: Stet itself doesn't need Asio.
#pragma once
#include <concepts>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

// Asio before 1.24 doesn't know that Clang has coroutines with libstdc++. This macro says so; Asio
// needs it before its first header.
#if defined(__clang__) && defined(__cpp_impl_coroutine) && __has_include(<coroutine>)
#if STET_BOOST_ASIO && !defined(BOOST_ASIO_DETAIL_CONFIG_HPP) && !defined(BOOST_ASIO_HAS_CO_AWAIT)
#define BOOST_ASIO_HAS_CO_AWAIT 1
#elif !STET_BOOST_ASIO && !defined(ASIO_DETAIL_CONFIG_HPP) && !defined(ASIO_HAS_CO_AWAIT)
#define ASIO_HAS_CO_AWAIT 1
#endif
#endif

#if STET_BOOST_ASIO
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/version.hpp>
#define STET_ASIO_CANCELS (BOOST_ASIO_VERSION >= 102200)
#if STET_ASIO_CANCELS
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#endif
#else
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/execution_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#define STET_ASIO_CANCELS 1
#endif

#if !(STET_BOOST_ASIO ? defined(BOOST_ASIO_HAS_CO_AWAIT) : defined(ASIO_HAS_CO_AWAIT))
#error \
    "stet: this Asio has no coroutines. With Clang, include <stet/asio.hpp> before Asio's own \
headers, or define ASIO_HAS_CO_AWAIT=1 (BOOST_ASIO_HAS_CO_AWAIT=1) for all of your sources."
#endif

#include <stet/step.hpp>

namespace stet { inline namespace v0 {
namespace detail {

// A program may use Asio in one source and Boost.Asio in another: the types and functions of this
// header are others then, by their names too.
#if STET_BOOST_ASIO
inline namespace over_boost_asio {
namespace net = ::boost::asio;
#else
inline namespace over_asio {
namespace net = ::asio;
#endif

template <class T> struct awaitable_of {
  static constexpr bool value = false;
};
template <class R> struct awaitable_of<net::awaitable<R, net::any_io_executor>> {
  static constexpr bool value = true;
  using type = R;
};

/// The arguments of one attempt, and the signal that cancels its coroutine.
template <class... P> struct asio_attempt {
  std::tuple<P...> arguments;
#if STET_ASIO_CANCELS
  net::cancellation_signal stop;
#endif
};

template <class R, class F, class... P> class asio_body {
 public:
  asio_body(net::any_io_executor e, F f) : executor_(std::move(e)), body_(std::move(f)) {}

  /// Begins the coroutine and returns.
  /// Thread   the pool's.
  void operator()(completion<R> done, const P&... a) {
    auto one = net::make_strand(executor_);  // for the coroutine and its cancellation
    auto mine = std::make_shared<asio_attempt<P...>>();
    mine->arguments = std::tuple<P...>(a...);
#if STET_ASIO_CANCELS
    auto ended = [mine](const std::exception_ptr&) {};
    net::co_spawn(one, work(*this, mine, done),
                  net::bind_cancellation_slot(mine->stop.slot(), std::move(ended)));
    // Registered after co_spawn: the signal is emitted only once the coroutine has begun.
    done.on_stop(
        [one, mine] { net::post(one, [mine] { mine->stop.emit(net::cancellation_type::all); }); });
#else
    net::co_spawn(one, work(*this, mine, done), net::detached);
#endif
  }

 private:
  using held = std::shared_ptr<asio_attempt<P...>>;
  /// `done` keeps the step's body alive, and with it `self`.
  static net::awaitable<void> work(asio_body& self, held mine, completion<R> done) {
    std::exception_ptr failed;
    try {
      if constexpr (std::is_void_v<R>) {
        co_await self.begin(*mine, done);
        done.resolve();
      } else {
        auto value = co_await self.begin(*mine, done);  // its frame is gone before `done` ends
        done.resolve(value);
      }
    } catch (...) { failed = std::current_exception(); }
    if (failed) done.reject(failed);
  }
  auto begin(const asio_attempt<P...>& mine, const pending_step& step) {
    return std::apply(
        [&](const P&... a) {
          if constexpr (std::is_invocable_v<F&, pending_step, const P&...>)
            return body_(step, a...);
          else return body_(a...);
        },
        mine.arguments);
  }

  net::any_io_executor executor_;
  F body_;
};
}  // namespace over_asio, or over_boost_asio
template <class R, class F, class... P> inline constexpr bool owns<asio_body<R, F, P...>> = owns<F>;
template <class R, class F, class... P>
inline constexpr bool keeps_state<asio_body<R, F, P...>> = true;
#if STET_BOOST_ASIO
inline namespace over_boost_asio {
#else
inline namespace over_asio {
#endif

// The parameters that take the step's arguments: all of them, except a pending_step in the first
// place.
template <class T> struct asio_parameters;
template <class... P> struct asio_parameters<std::tuple<P...>> {
  using type = std::tuple<std::remove_cvref_t<P>...>;
};
template <class First, class... P>
  requires std::same_as<std::remove_cvref_t<First>, pending_step>
struct asio_parameters<std::tuple<First, P...>> : asio_parameters<std::tuple<P...>> {};

template <class R, class F, class... P>
asio_body<R, F, P...> make_asio_body(net::any_io_executor e, F f, std::tuple<P...>*) {
  return asio_body<R, F, P...>(std::move(e), std::move(f));
}

}  // namespace over_asio, or over_boost_asio
}  // namespace detail

#if STET_BOOST_ASIO
inline namespace over_boost_asio {
#else
inline namespace over_asio {
#endif

/// Makes the body of a step from a function that returns `asio::awaitable<R>`. The coroutine runs
/// on `executor`, in a strand of its own. The step ends when the coroutine does: with its result,
/// or with what it throws.
///     asio::awaitable<std::string> fetch(std::string url);
///     auto text = co_await ctx.step("fetch", {.timeout = 10s}, stet::asio_step(executor, fetch),
///                                   url);
///
/// The function may take a `stet::pending_step` first: attempt number, idempotency key, heartbeat.
/// When the step is asked to stop (time-out, cancellation, close), the coroutine gets Asio's
/// cancellation: what it awaits ends with operation_aborted. (Boost.Asio before 1.22 has no
/// cancellation: there the coroutine runs to its end.)
///
/// As with any body, a lambda that captures keeps its workflow's frame in memory until the
/// coroutine has ended; wrap the lambda in stet::owning if it owns what it captures.
/// Life     `executor` is kept with the step; its context must run until the engine is closed. If
///          the context is destroyed, the attempt fails.
template <class F> auto asio_step(detail::net::any_io_executor executor, F&& body) {
  detail::guard_gcc<F>();
  using kept = std::decay_t<F>;
  using plain = typename detail::unwrapped<kept>::type;
  static_assert(detail::one_signature<plain>,
                "stet: asio_step takes a function whose parameter types are spelled out");
  using signature = detail::parameters_of<plain>;
  using awaited = detail::awaitable_of<typename signature::result>;
  static_assert(awaited::value, "stet: asio_step takes a function that returns asio::awaitable<R>");
  using parameters = typename detail::asio_parameters<typename signature::type>::type;
  return detail::make_asio_body<typename awaited::type, kept>(
      std::move(executor), std::forward<F>(body), static_cast<parameters*>(nullptr));
}
/// Makes the same body with the executor of a context: `io_context`, `thread_pool`.
template <class Context, class F>
  requires std::derived_from<Context, detail::net::execution_context>
auto asio_step(Context& context, F&& body) {
  return asio_step(detail::net::any_io_executor(context.get_executor()), std::forward<F>(body));
}
}  // namespace over_asio, or over_boost_asio

}}  // namespace stet::v0
