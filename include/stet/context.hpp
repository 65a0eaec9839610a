// What a workflow may do.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <stet/codec.hpp>
#include <stet/compose.hpp>
#include <stet/export.hpp>
#include <stet/handlers.hpp>
#include <stet/map.hpp>
#include <stet/messages.hpp>
#include <stet/names.hpp>
#include <stet/operation.hpp>
#include <stet/options.hpp>
#include <stet/step.hpp>
#include <stet/transaction.hpp>

namespace stet { inline namespace v0 {
class saga;
template <class S> class entity;

namespace detail {

/// The end of this run, and the beginning of the next one.
class STET_API continuation {
 public:
  continuation(std::string_view workflow, std::string arguments);
  bool start(environment e, waiter& w) noexcept;
  bool failed() const noexcept { return true; }

 protected:
  [[noreturn]] void throw_refused() const;

 private:
  std::string workflow_, arguments_, refused_;
};
template <class R>
class [[nodiscard("stet: nothing is continued until it is awaited")]] continue_operation
    : public continuation {
 public:
  using result_type = R;
  using continuation::continuation;
  R result() { throw_refused(); }
};

}  // namespace detail

/// A workflow's hands. Given to it; passed on by reference, as the first parameter, to whatever it
/// is made of.
///
/// Destructors of a workflow's variables may call it. While the workflow's own code runs (a block
/// is left, an exception passes, it returns) that is a call like any other. While Stet destroys the
/// frame (the run leaves memory, is terminated, continues as new; the engine is closed; what
/// answers an update goes before its handler has ended) it is inert, and so are scopes, sagas,
/// child handles, promises and handlers: they throw nothing, nothing is recorded, nothing begins.
/// start_child and promise then give what stands for nothing, without a token; patched gives the
/// answer that the run has, or false.
///
/// Thread   only the workflow's own.
class STET_API context {
 public:
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  /// Does `body(arguments…)` outside the workflow, once; its result stands.
  ///     auto id = co_await ctx.step("charge", bank::charge, order.card, order.cents);
  ///     auto id = co_await ctx.step("charge", {.retry = {.max_attempts = 5}, .timeout = 30s},
  ///                                 [&] { return charge(order); });
  ///
  /// The body may take a `stet::step_context&` first; or a `stet::completion<R>`, which ends the
  /// step later, while no thread waits. It reads what it captured and never writes it: a replay
  /// skips the body. What it throws is retried as `options.retry` says, without limit by default.
  ///
  /// Returns  what the body returned, decoded from what the journal holds.
  /// Throws   stet::step_failed after the last attempt (step_timed_out, step_interrupted,
  ///          step_crashed are such), or the exception itself if its type is declared by
  ///          engine.define(error_type); stet::cancelled; when it is made, errc::usage for options
  ///          that make no sense, errc::payload for arguments too large to journal.
  /// Cost     two records; the body starts when all that the run did before is durable.
  /// Durable  when the co_await returns, the result is journaled or will be before anything that
  ///          follows has an effect.
  /// Life     arguments are copied and journaled (wrap secrets and handles in stet::unrecorded);
  ///          the body is moved in.
  template <class F, class... A>
    requires(!detail::options<std::remove_cvref_t<F>>)
  auto step(step_name name, F&& body, A&&... arguments) {
    return detail::make_step(name, step_options{}, std::forward<F>(body),
                             std::forward<A>(arguments)...);
  }
  template <class F, class... A>
  auto step(step_name name, step_options options, F&& body, A&&... arguments) {
    return detail::make_step(name, options, std::forward<F>(body), std::forward<A>(arguments)...);
  }

  /// The same; a failure comes back as a stet::outcome, since co_await can't stand in a catch
  /// block.
  ///     auto paid = co_await ctx.try_step("charge", charge, order);
  ///     if (!paid) co_await ctx.step("apologise", apologise, order);
  template <class F, class... A>
    requires(!detail::options<std::remove_cvref_t<F>>)
  auto try_step(step_name name, F&& body, A&&... arguments) {
    return stet::attempt(step(name, std::forward<F>(body), std::forward<A>(arguments)...));
  }
  template <class F, class... A>
  auto try_step(step_name name, step_options options, F&& body, A&&... arguments) {
    return stet::attempt(step(name, options, std::forward<F>(body), std::forward<A>(arguments)...));
  }

  /// A step that reads and writes the user's own entries (stet::table): its writes and its result
  /// are one commit, so it is done exactly once, whatever crashes. Its function runs on the
  /// engine's thread, between two events, and no other transaction runs meanwhile: keep it short.
  ///     auto left = co_await ctx.transact("debit", [&](stet::transaction& tx) {
  ///       auto a = tx.get(Accounts, from).value();
  ///       if (a.cents < amount) throw too_little(from);
  ///       tx.put(Accounts, from, account{a.cents - amount});
  ///       return a.cents - amount;
  ///     });
  ///
  /// What it throws ends it, and nothing is written; it isn't tried again unless its options say
  /// so.
  /// Throws   as step.
  template <class F>
    requires(!detail::options<std::remove_cvref_t<F>>)
  auto transact(step_name name, F&& body) {
    return transact(name, step_options{.retry = {.max_attempts = 1}}, std::forward<F>(body));
  }
  template <class F> auto transact(step_name name, step_options options, F&& body) {
    return detail::make_transact(name, options, std::forward<F>(body));
  }

  /// Waits durably, for milliseconds or years. Never ends early by the engine's clock; negative
  /// waits end at once.
  ///     co_await ctx.sleep(std::chrono::days{30});
  /// Cost     two records and no flush of its own; a sleeping run needs no memory.
  operation<void> sleep(duration d, source_point at = {__builtin_FILE(), __builtin_LINE()}) const {
    return operation<void>(detail::make_sleep(d.count(), false, at));
  }
  /// Waits durably until the engine's clock says `t`, or later.
  operation<void> sleep_until(time_point t,
                              source_point at = {__builtin_FILE(), __builtin_LINE()}) const {
    return operation<void>(detail::make_sleep(t.time_since_epoch().count(), true, at));
  }

  /// Starts another workflow as the run `id` and waits for its result. Cancelling this await
  /// cancels the child.
  ///     auto receipt = co_await ctx.child(Pay, "pay-" + order.id, order);
  ///
  /// Throws   stet::child_failed if the child failed, was cancelled or terminated, if its workflow
  ///          isn't defined, or if `id` is taken; the exception itself if its type is declared;
  ///          stet::cancelled.
  /// Cost     six records, three of them in its own history; the start is in the same commit as
  ///          this run's progress.
  template <class R, class... A>
  operation<R> child(const workflow<R(A...)>& w, step_name id,
                     std::type_identity_t<A>... arguments) {
    return child(w, id, child_options{}, std::move(arguments)...);
  }
  template <class R, class... A>
  operation<R> child(const workflow<R(A...)>& w, step_name id, child_options options,
                     std::type_identity_t<A>... arguments) {
    return operation<R>(make_child(w, id, options, std::move(arguments)...));
  }
  /// Starts another workflow as the run `id` and goes on. What becomes of it when this run ends is
  /// the option's; what it returns can be asked for, or not.
  ///     auto report = ctx.start_child(Report, "report-7",
  ///                                   {.parent_close = stet::parent_close::abandon}, month);
  ///
  /// Durable  with this run's progress.
  template <class R, class... A>
  child_handle<R> start_child(const workflow<R(A...)>& w, step_name id,
                              std::type_identity_t<A>... arguments) {
    return start_child(w, id, child_options{}, std::move(arguments)...);
  }
  template <class R, class... A>
  child_handle<R> start_child(const workflow<R(A...)>& w, step_name id, child_options options,
                              std::type_identity_t<A>... arguments) {
    return child_handle<R>(hold(make_child(w, id, options, std::move(arguments)...)));
  }

  /// Waits for the next signal of this name; each is read once, in the order in which they came.
  /// Those that came before anybody waited are waiting. A wait that is given up takes none.
  ///     bool approved = co_await ctx.receive(Approved);
  ///
  /// Throws   errc::payload if the signal was sent by a program that has another type for it (it is
  ///          read then, and the next wait gets the next one); stet::cancelled.
  template <class T>
  operation<T> receive(const v0::signal<T>& s,
                       source_point at = {__builtin_FILE(), __builtin_LINE()}) {
    return operation<T>(detail::make_receive(s.text(), at));
  }
  /// The same, no longer than `limit`: an empty optional (false for void) if none came.
  ///     auto approved = co_await ctx.receive(Approved, 7 * 24h);
  template <class T>
  auto receive(const v0::signal<T>& s, duration limit,
               source_point at = {__builtin_FILE(), __builtin_LINE()}) {
    return stet::with_timeout(limit, receive(s, at));
  }
  /// Waits until `condition()` holds. It is asked now and after each event of the run, and looks at
  /// nothing but what the run itself has: variables that other coroutines and handlers of it
  /// change.
  ///     co_await ctx.until([&] { return open_orders == 0; });
  template <std::predicate P>
  operation<void> until(P&& condition, source_point at = {__builtin_FILE(), __builtin_LINE()}) {
    detail::guard_gcc<P>();
    return operation<void>(new detail::predicate<std::decay_t<P>>(std::forward<P>(condition), at));
  }
  /// The same, no longer than `limit`: false if it doesn't hold by then.
  template <std::predicate P>
  auto until(P&& condition, duration limit,
             source_point at = {__builtin_FILE(), __builtin_LINE()}) {
    return stet::with_timeout(limit, until(std::forward<P>(condition), at));
  }

  /// Answers a query as long as the result lives: keep it in a variable, behind what it refers to.
  /// The handler is an ordinary function that only looks; it is called between events, on the run's
  /// own thread, and may be called again and again on a run that is rebuilt for it.
  ///     auto status = ctx.on(Status, [&] { return state; });
  ///
  /// Throws   errc::conflict if this run answers the name already; errc::usage outside of a
  ///          workflow's own code.
  template <class R, class... A, class F> auto on(const query<R(A...)>& q, F&& handler) {
    using kept = std::decay_t<F>;
    static_assert(detail::check_query<kept, R, A...>());
    return detail::query_handler<kept, R, A...>(*this, q.text(), std::forward<F>(handler));
  }
  /// Answers an update as long as the result lives. The handler is an ordinary function or a
  /// coroutine, which may await whatever a workflow may, beside the run's other coroutines. What it
  /// throws is the update's answer, as update_failed.
  ///     auto adding = ctx.on(Add, [&](item i) { items.push_back(i); return items.size(); });
  ///     auto paying = ctx.on(Pay, [&](stet::context& c, cents n) -> stet::task<receipt> { … });
  ///
  /// When it is destroyed while a handler is under way, that ends: its update fails, its operations
  /// are given up, and if the body of one of its steps captures and runs at the moment, the engine
  /// waits for it, and with it every run: `co_await ctx.handlers_done()` before the workflow ends
  /// is better.
  template <class R, class... A, class H> auto on(const update<R(A...)>& u, H&& handler) {
    return on(u, detail::accept_all{}, std::forward<H>(handler));
  }
  /// The same, with a validator, which is called first, looks only, and refuses by throwing: the
  /// caller gets errc::rejected with what it said, and the run's history says nothing of it.
  template <class R, class... A, class V, class H>
  auto on(const update<R(A...)>& u, V&& validator, H&& handler) {
    using v = std::decay_t<V>;
    using h = std::decay_t<H>;
    static_assert(detail::check_update<v, h, R, A...>());
    return detail::update_handler<v, h, R, A...>(*this, u.text(), std::forward<V>(validator),
                                                 std::forward<H>(handler));
  }
  /// Waits until no handler of an update is under way.
  operation<void> handlers_done(source_point at = {__builtin_FILE(), __builtin_LINE()}) {
    return until([this] { return open_updates() == 0; }, at);
  }

  /// Asks for an answer that anyone may give, once, from any thread, process or later day: hand its
  /// token out, and wait.
  ///     auto approval = ctx.promise(Approval);
  ///     co_await ctx.step("ask", mail_link, approval.token());
  ///     auto decision = co_await approval.wait(7 * 24h);
  ///
  /// Durable  with this run's progress: whoever has the token from a step can answer at once.
  template <class T>
  pending_promise<T> promise(const v0::promise<T>& p,
                             source_point at = {__builtin_FILE(), __builtin_LINE()}) {
    return pending_promise<T>(open_promise(p.text(), at));
  }

  /// Sends a signal to another run. It is there when the await returns, in the same commit as this
  /// run's progress.
  ///     co_await ctx.signal("cart-7", Added, item);
  ///
  /// Throws   stet::error: errc::not_found, errc::run_ended, errc::usage; stet::cancelled.
  template <class T>
    requires(!std::is_void_v<T>)
  operation<void> signal(step_name id, const v0::signal<T>& s,
                         const std::type_identity_t<T>& value) {
    std::string b;
    encode<T>(b, value);
    return operation<void>(detail::make_message(s.text(), id.text, std::move(b), id.where));
  }
  operation<void> signal(step_name id, const v0::signal<void>& s) {
    return operation<void>(
        detail::make_message(s.text(), id.text, detail::null_payload(), id.where));
  }
  /// Sends an update to another run and waits for its answer; it is there in the same commit as
  /// this run's progress, and done once.
  ///     auto size = co_await ctx.update("cart-7", Add, item);
  ///
  /// Throws   stet::update_failed with what its handler, or its validator, threw (the exception
  ///          itself if its type is declared); stet::error: errc::not_found, errc::run_ended;
  ///          stet::cancelled.
  template <class R, class... A>
  operation<R> update(step_name id, const v0::update<R(A...)>& u,
                      std::type_identity_t<A>... arguments) {
    std::string b;
    encode(b, std::tuple<A...>(std::move(arguments)...));
    return operation<R>(detail::make_call(u.text(), id.text, std::move(b), id.where));
  }
  /// Calls an entity and waits for its answer: calls of one entity are done one at a time, in their
  /// order, and each once. Needs <stet/entity.hpp>.
  ///     auto size = co_await ctx.call(Cart, "ann", Add, "milk");
  ///
  /// Two entities that call each other wait for each other for ever: give such calls a time-out.
  /// Throws   as update.
  template <class S, class R, class... A>
  operation<R> call(const entity<S>& e, step_name key, const v0::update<R(A...)>& u,
                    std::type_identity_t<A>... arguments) {
    std::string b;
    encode(b, std::tuple<A...>(std::move(arguments)...));
    return operation<R>(detail::make_call(u.text(), e.id_of(key.text), std::move(b), key.where));
  }
  /// Asks an entity something, which it answers at once, whatever it is doing.
  template <class S, class R, class... A>
  operation<R> call(const entity<S>& e, step_name key, const v0::query<R(A...)>& q,
                    std::type_identity_t<A>... arguments) {
    std::string b;
    encode(b, std::tuple<A...>(std::move(arguments)...));
    return operation<R>(detail::make_call(q.text(), e.id_of(key.text), std::move(b), key.where));
  }
  /// Asks another run to end, as run_handle::cancel does.
  /// Throws   as signal does.
  operation<void> cancel(step_name id, std::string_view reason = {}) {
    return operation<void>(detail::make_cancel(id.text, reason, id.where));
  }

  /// Runs `body(saga&)`; if it throws, or the run is cancelled, what it registered to undo is
  /// undone, in reverse. Needs <stet/saga.hpp>.
  template <class F> auto saga(F&& body);

  /// Ends this run and begins the next one of its chain, with the same id and a new history, in one
  /// commit. Signals that nobody has read go over. To be returned:
  ///     co_return co_await ctx.continue_as_new(Loop, n + 1);
  ///
  /// Open children meet this run's end as their options say. Nothing after the await runs; locals
  /// are destroyed.
  /// Throws   stet::cancelled if this run was asked to end.
  template <class R, class... A>
  auto continue_as_new(const workflow<R(A...)>& w, std::type_identity_t<A>... arguments) {
    std::string b;
    encode(b, std::tuple<A...>(std::move(arguments)...));
    return detail::continue_operation<R>(w.text(), std::move(b));
  }
  /// Whether the history has grown so long (4,096 records) that continue_as_new is a good idea.
  bool continue_suggested() const noexcept;

  /// Whether this run takes a new way: for changes of code while runs of the old one are open.
  ///     if (ctx.patched("check-first")) co_await ctx.step("check", check, order);
  ///     co_await ctx.step("charge", charge, order);
  ///
  /// True for a run that comes here for the first time, and a marker in its history says so from
  /// then on; false for one that came past here by code without this call. The first answer stands
  /// for the whole run, wherever else the same id is asked for; a run that continues this one is
  /// asked anew.
  /// Throws   errc::usage for an id that is empty or has more than 200 bytes; outside of a
  ///          workflow's own code.
  /// Cost     a record, once in a run.
  /// Durable  with this run's progress.
  [[nodiscard("stet: what is new stands behind `if (ctx.patched(…))`")]] bool patched(
      step_name patch_id);
  /// Stands where patched() stood, when no run of the code before it is open any more: the new way
  /// is the only one, and a marker that a run has here is passed over. To be taken out when no run
  /// with a marker is open either: engine::preview tells.
  /// Throws   as patched().
  ///     ctx.deprecate_patch("check-first");
  ///     co_await ctx.step("check", check, order);
  void deprecate_patch(step_name patch_id);

  /// Sets search attributes of this run, or takes them from it; the others stay.
  ///     ctx.set_attributes({Customer("ann"), Stage("paid"), Due.unset()});
  ///
  /// Throws   errc::usage for a name or a value that can't be one; outside of a workflow's own
  ///          code.
  /// Cost     one record.
  /// Durable  with this run's progress: a list shows it from now on.
  void set_attributes(const attribute_list& changes);
  /// Sets this run's memo, a value of any type with a codec, in place of the one before. Throws,
  /// costs, lasts as set_attributes.
  template <class T> void set_memo(const T& value) {
    if (is_inert()) return;
    std::string b;
    encode<T>(b, value);
    describe_run(described_memo, b);
  }
  /// Says how this run stands, for people: a text of at most 20 KiB, in place of the one before.
  /// Throws, costs, lasts as set_attributes.
  void set_details(std::string_view text);

  /// The time of the event being handled, by the engine's clock. Replays see the same; it never
  /// decreases.
  time_point now() const noexcept;
  /// 64 random bits, the same on every replay of this run, different for every run. No secret:
  /// whoever has some of them, or an idempotency key of the run, can tell the others.
  std::uint64_t random() noexcept;
  /// A version 4 UUID of random() bits: "f47ac10b-58cc-4372-a567-0e02b2c3d479". No secret, as these
  /// aren't: for a password or a token use a step, or a promise.
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
  friend class detail::handler;
  explicit context(detail::execution& r) noexcept : run_(&r) {}
  template <class R, class... A>
  detail::command* make_child(const workflow<R(A...)>& w, step_name id, child_options options,
                              std::type_identity_t<A>... arguments) {
    std::string b;
    encode(b, std::tuple<A...>(std::move(arguments)...));
    return detail::make_child(w.text(), id.text, std::move(b), options, id.where);
  }
  enum described : std::uint8_t {
    described_attributes = 4,
    described_memo = 8,
    described_text = 16
  };
  void describe_run(described what, std::string_view bytes);
  /// Begins a command that belongs to the whole run.
  detail::held_command hold(detail::command* c);
  detail::held_command open_promise(std::string_view name, source_point at);
  std::size_t open_updates() const noexcept;
  /// Stet destroys a frame of this run.
  bool is_inert() const noexcept;

  detail::execution* run_;
};

}}  // namespace stet::v0
