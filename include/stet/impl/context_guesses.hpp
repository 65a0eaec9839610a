// The guesses that are calls of stet::context: compile errors that say what to write. No user of
// Stet needs this header.
#pragma once
#include <concepts>
#include <string_view>
#include <tuple>
#include <type_traits>

#include <stet/impl/guesses.hpp>
#include <stet/names.hpp>
#include <stet/operation.hpp>
#include <stet/options.hpp>
#include <stet/time.hpp>

namespace stet { inline namespace v0 { namespace detail {

/// Each of these is chosen only if no call of stet::context fits, and doesn't compile.
class context_guesses {
 public:
  template <class F, class... A>
    requires(!text<F> && !std::same_as<std::remove_cvref_t<F>, step_name>)
  auto step(F&&, A&&...) {
    refuse_step_without_name<F>();
    return refused();
  }
  template <class O = other_step_options> auto step(step_name, std::type_identity_t<O>, ...) {
    refuse_step_options<O>();
    return refused();
  }
  template <class F, class... A>
    requires(!text<F> && !std::same_as<std::remove_cvref_t<F>, step_name>)
  auto try_step(F&&, A&&...) {
    refuse_step_without_name<F>();
    return refused();
  }
  template <class O = other_step_options> auto try_step(step_name, std::type_identity_t<O>, ...) {
    refuse_step_options<O>();
    return refused();
  }
  template <class F>
    requires(!text<F> && !std::same_as<std::remove_cvref_t<F>, step_name>)
  auto transact(F&&) {
    refuse_step_without_name<F>();
    return refused();
  }
  template <class O = other_step_options> auto transact(step_name, std::type_identity_t<O>, ...) {
    refuse_step_options<O>();
    return refused();
  }
  template <class D>
    requires(!std::convertible_to<D, duration>)
  auto sleep(D) const {
    refuse_length<D>();
    return operation<void>(nullptr);
  }
  template <class D>
    requires(!std::convertible_to<D, time_point>)
  auto sleep_until(D) const {
    static_assert(
        never<D>,
        "stet: sleep_until takes a stet::time_point, in milliseconds: "
        "ctx.sleep_until(ctx.now() + 5min). A workflow doesn't read the machine's clock: a "
        "replay would find another time");
    return operation<void>(nullptr);
  }
  template <class T, class D>
    requires(!std::convertible_to<D, duration> && !std::same_as<D, source_point>)
  auto receive(const v0::signal<T>&, D) {
    refuse_length<D>();
    return operation<T>(nullptr);
  }
  template <class P>
    requires(!std::predicate<P>)
  auto until(P&&, duration = {}) {
    static_assert(never<P>,
                  "stet: until takes a function that says whether the condition holds, since it is "
                  "asked again after each event: ctx.until([&] { return done; })");
    return operation<void>(nullptr);
  }
  template <std::predicate P, class D>
    requires(!std::convertible_to<D, duration> && !std::same_as<D, source_point>)
  auto until(P&&, D) {
    refuse_length<D>();
    return operation<bool>(nullptr);
  }
  template <text S, class... X> auto receive(const S&, X&&...) {
    static_assert(never<S>,
                  "stet: a signal is received by its typed name: inline constexpr "
                  "stet::signal<bool> Approved{\"approved\"}; … ctx.receive(Approved)");
    return operation<void>(nullptr);
  }
  template <text_or_function S, class... X> auto child(const S&, X&&...) {
    refuse_child_by_text<S>();
    return operation<void>(nullptr);
  }
  template <text_or_function S, class... X> auto start_child(const S&, X&&...) {
    refuse_child_by_text<S>();
    return operation<void>(nullptr);
  }
  template <class R, class... A, class I, class... X>
    requires(!text<I> && !std::same_as<I, step_name>)
  auto child(const workflow<R(A...)>&, const I&, X&&...) {
    refuse_child_without_id<I>();
    return operation<R>(nullptr);
  }
  template <class R, class... A, class I, class... X>
    requires(!text<I> && !std::same_as<I, step_name>)
  auto start_child(const workflow<R(A...)>&, const I&, X&&...) {
    refuse_child_without_id<I>();
    return operation<R>(nullptr);
  }
  template <class R, class... A, class... X>
    requires other_arguments<std::tuple<A...>, child_options, X...>
  auto child(const workflow<R(A...)>&, step_name, X&&...) {
    refuse_workflow_arguments<X...>();
    return operation<R>(nullptr);
  }
  template <class R, class... A, class... X>
    requires other_arguments<std::tuple<A...>, child_options, X...>
  auto start_child(const workflow<R(A...)>&, step_name, X&&...) {
    refuse_workflow_arguments<X...>();
    return operation<R>(nullptr);
  }
  template <class O = other_child_options>
  auto child(const detail::name&, step_name, std::type_identity_t<O>, ...) {
    refuse_child_options<O>();
    return refused();
  }
  template <class O = other_child_options>
  auto start_child(const detail::name&, step_name, std::type_identity_t<O>, ...) {
    refuse_child_options<O>();
    return refused();
  }
  template <text_or_function S, class... X> auto continue_as_new(const S&, X&&...) {
    static_assert(never<S>,
                  "stet: a run goes on as a workflow, by its typed name: "
                  "co_return co_await ctx.continue_as_new(Pay, arguments…)");
    return operation<void>(nullptr);
  }
  template <text I, text S, class... X> auto signal(const I&, const S&, X&&...) {
    refuse_signal_by_text<S>();
    return operation<void>(nullptr);
  }
  template <class T, class... X> auto signal(const v0::signal<T>&, X&&...) {
    static_assert(
        never<T>,
        "stet: ctx.receive(Approved) waits for a signal; ctx.signal(\"order-7\", Approved, "
        "true) sends one to another run, whose id comes first");
    return operation<void>(nullptr);
  }
  template <text S, class... X> auto promise(const S&, X&&...) {
    static_assert(never<S>,
                  "stet: a promise has a typed name: inline constexpr stet::promise<bool> "
                  "Approval{\"approval\"}; … auto approval = ctx.promise(Approval)");
    return operation<void>(nullptr);
  }
  template <text S, class... X> int on(const S&, X&&...) {
    static_assert(
        never<S>,
        "stet: queries and updates are answered under their typed names: inline constexpr "
        "stet::query<int()> Paid{\"paid\"}; … auto asking = ctx.on(Paid, [&] { return paid; })");
    return 0;
  }
  template <class T, class... X> int on(const v0::signal<T>&, X&&...) {
    static_assert(
        never<T>,
        "stet: a signal has no handler: co_await ctx.receive(Approved) reads the next one. "
        "What has a handler, and an answer, is an update");
    return 0;
  }
};

}}}  // namespace stet::v0::detail
