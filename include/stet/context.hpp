// What a workflow may do.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <stet/codec.hpp>
#include <stet/compose.hpp>
#include <stet/export.hpp>
#include <stet/names.hpp>
#include <stet/options.hpp>
#include <stet/step.hpp>

namespace stet { inline namespace v0 {
namespace detail {

/// Another run, started and awaited.
template <class R> class child_operation : public leaf {
 public:
  using result_type = R;
  explicit child_operation(command* c) noexcept : leaf(c) {}
  bool start(environment e, waiter& w) noexcept { return begin(e, w); }
  R result() { return decode<R>(bytes()); }
};

}  // namespace detail

/// A workflow's hands. Given to it; passed on by reference, as the first parameter, to whatever it
/// is made of. While a frame is being destroyed (eviction, close) it is inert: destructors may call
/// it, nothing happens.
///
/// Thread   only the workflow's own.
class STET_API context {
 public:
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  /// Does `body(arguments…)` outside the workflow, once; its result stands.
  ///     auto id = co_await ctx.step("charge", bank::charge, order.card, order.cents);
  ///     auto id = co_await ctx.step("charge", {.retry = {.max_attempts = 5}, .timeout = 30s}, [&]
  ///     { return charge(order); });
  ///
  /// The body may take a `stet::step_context&` first. It reads what it captured and never writes
  /// it: a replay skips the body. What it throws is retried as `options.retry` says, without limit
  /// by default.
  ///
  /// Returns  what the body returned, decoded from what the journal holds.
  /// Throws   stet::step_failed after the last attempt (step_timed_out, step_interrupted,
  /// step_crashed are such), or the
  ///          exception itself if its type is declared by engine.define(error_type);
  ///          stet::cancelled; when it is made, errc::usage for options that make no sense,
  ///          errc::payload for arguments too large to journal.
  /// Cost     two records; the body starts when all that the run did before is durable.
  /// Durable  when the co_await returns, the result is journaled or will be before anything that
  /// follows has an effect. Life     arguments are copied and journaled (wrap secrets and handles
  /// in stet::unrecorded); the body is moved in.
  template <class F, class... A>
    requires(!detail::options<std::remove_cvref_t<F>>)
  [[nodiscard("stet: a step does nothing until it is awaited")]] auto step(step_name name, F&& body,
                                                                           A&&... arguments) {
    return detail::make_step(name, step_options{}, std::forward<F>(body),
                             std::forward<A>(arguments)...);
  }
  template <class F, class... A>
  [[nodiscard("stet: a step does nothing until it is awaited")]] auto step(step_name name,
                                                                           step_options options,
                                                                           F&& body,
                                                                           A&&... arguments) {
    return detail::make_step(name, options, std::forward<F>(body), std::forward<A>(arguments)...);
  }

  /// The same; a failure comes back as a stet::outcome, since co_await can't stand in a catch
  /// block.
  ///     auto paid = co_await ctx.try_step("charge", charge, order);
  ///     if (!paid) co_await ctx.step("apologise", apologise, order);
  template <class F, class... A>
    requires(!detail::options<std::remove_cvref_t<F>>)
  [[nodiscard("stet: a step does nothing until it is awaited")]] auto try_step(step_name name,
                                                                               F&& body,
                                                                               A&&... arguments) {
    return stet::attempt(step(name, std::forward<F>(body), std::forward<A>(arguments)...));
  }
  template <class F, class... A>
  [[nodiscard("stet: a step does nothing until it is awaited")]] auto try_step(step_name name,
                                                                               step_options options,
                                                                               F&& body,
                                                                               A&&... arguments) {
    return stet::attempt(step(name, options, std::forward<F>(body), std::forward<A>(arguments)...));
  }

  /// Waits durably, for milliseconds or years. Never ends early by the engine's clock; negative
  /// waits end at once.
  ///     co_await ctx.sleep(std::chrono::days{30});
  /// Cost     two records and no flush of its own; a sleeping run needs no memory.
  [[nodiscard("stet: a sleep does nothing until it is awaited")]] auto sleep(
      duration d, source_point at = {__builtin_FILE(), __builtin_LINE()}) const {
    return detail::sleep_operation(d, at);
  }
  /// Waits durably until the engine's clock says `t`, or later.
  [[nodiscard("stet: a sleep does nothing until it is awaited")]] auto sleep_until(
      time_point t, source_point at = {__builtin_FILE(), __builtin_LINE()}) const {
    return detail::sleep_operation(t, at);
  }

  /// Starts another workflow as the run `id` and waits for its result. Cancelling this await
  /// cancels the child.
  ///     auto receipt = co_await ctx.child(Pay, "pay-" + order.id, order);
  ///
  /// Throws   stet::child_failed if the child failed, was cancelled or terminated, if its workflow
  /// isn't defined, or if
  ///          `id` is taken; the exception itself if its type is declared; stet::cancelled.
  /// Cost     six records, three of them in its own history; the start is in the same commit as
  /// this run's progress.
  template <class R, class... A>
  [[nodiscard("stet: a child does nothing until it is awaited")]] auto child(
      const workflow<R(A...)>& w, step_name id, std::type_identity_t<A>... arguments) {
    std::string b;
    encode(b, std::tuple<A...>(std::move(arguments)...));
    return detail::child_operation<R>(
        detail::make_child(w.text(), id.text, std::move(b), id.where));
  }

  /// The time of the event being handled, by the engine's clock. Replays see the same; it never
  /// decreases.
  time_point now() const noexcept;
  /// 64 random bits, the same on every replay of this run, different for every run.
  std::uint64_t random() noexcept;
  /// A version 4 UUID of random() bits: "f47ac10b-58cc-4372-a567-0e02b2c3d479".
  std::string uuid();
  /// The workflow id of this run.
  std::string_view id() const noexcept;
  /// True while recorded history is replayed. For logs and metrics only: a workflow that decides by
  /// it diverges.
  bool replaying() const noexcept;
  /// Tells the engine's listener. Nothing is said during a replay; what a crash undid is said
  /// again. Not durable.
  void log(std::string_view line);

 private:
  friend class detail::execution;
  explicit context(detail::execution& r) noexcept : run_(&r) {}
  detail::execution* run_;
};

}}  // namespace stet::v0
