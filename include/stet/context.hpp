// context: the calls that a workflow may make.
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
#include <stet/impl/context_guesses.hpp>
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

/// The end of this run, and the beginning of the next one of its chain.
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
  template <std::same_as<R> T>
    requires(!std::is_void_v<R>)
  operator T() const {
    static_assert(never<T>,
                  "stet: nothing is continued until it is awaited: co_return co_await "
                  "ctx.continue_as_new(…)");
  }
};

}  // namespace detail

/// A workflow's access to Stet. The workflow gets it as its first parameter, and passes it on by
/// reference to the functions that it consists of.
///
/// Destructors of a workflow's variables may call it. While the workflow's own code runs (a block
/// is left, an exception passes, it returns), such a call is like any other. While Stet destroys
/// the frame, the context is inert. Stet does so when the run leaves memory, is terminated or
/// continues as new, when the engine is closed, and when the variable that answers an update goes
/// before its handler has ended. Then scopes, sagas, child handles, promises and handlers are inert
/// too: they throw nothing, record nothing and begin nothing. start_child and promise then return a
/// handle that stands for nothing, without a token; patched returns the answer that the run has, or
/// false.
///
/// Thread   only the workflow's own.
class STET_API context : public detail::context_guesses {
 public:
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  /// Runs `body(arguments…)` outside the workflow, and records its result. A replay takes the
  /// recorded result.
  ///     auto id = co_await ctx.step("charge", bank::charge, order.card, order.cents);
  ///     auto id = co_await ctx.step("charge", {.retry = {.max_attempts = 5}, .timeout = 30s},
  ///                                 bank::charge, order.card, order.cents);
  ///
  /// The body may take a `stet::step_context&` first; or a `stet::completion<R>`, which ends the
  /// step later, while no thread waits. The body may read the variables that it captured, and never
  /// writes them: a replay skips it. If it throws, it is tried again as `options.retry` says,
  /// without limit by default.
  ///
  /// Returns  what the body returned, decoded from the journal's bytes.
  /// Throws   stet::step_failed after the last attempt (step_timed_out, step_interrupted and
  ///          step_crashed derive from it), or the exception itself if its type is declared by
  ///          engine.define(error_type); stet::cancelled. Before it is awaited, errc::usage for
  ///          options that make no sense, errc::payload for arguments too long to journal.
  /// Cost     two records. The body starts when all that the run did before is durable.
  /// Durable  when the co_await returns, the result is journaled, or will be before anything that
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

  /// Runs a step and returns a stet::outcome: a failure is a value, since co_await can't be in a
  /// catch block.
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

  /// Runs a step that reads and writes the user's own entries (stet::table). Its writes and its
  /// result are one commit, so it is done exactly once, whatever crashes. Its function runs on the
  /// engine's thread, between two events, and no other transaction runs meanwhile: keep it short.
  ///     auto left = co_await ctx.transact("debit", [&](stet::transaction& tx) {
  ///       auto a = tx.get(Accounts, from).value();
  ///       if (a.cents < amount) throw too_little(from);
  ///       tx.put(Accounts, from, account{a.cents - amount});
  ///       return a.cents - amount;
  ///     });
  ///
  /// If the function throws, the step fails and nothing is written. It isn't tried again unless its
  /// options say so.
  /// Throws   as step.
  template <class F>
    requires(!detail::options<std::remove_cvref_t<F>>)
  auto transact(step_name name, F&& body) {
    return transact(name, step_options{.retry = {.max_attempts = 1}}, std::forward<F>(body));
  }
  template <class F> auto transact(step_name name, step_options options, F&& body) {
    return detail::make_transact(name, options, std::forward<F>(body));
  }

  /// Waits durably, for milliseconds or years. Never ends early by the engine's clock. A negative
  /// `d` ends at once.
  ///     co_await ctx.sleep(std::chrono::days{30});
  /// Throws   stet::cancelled.
  /// Cost     two records and no flush of its own; a sleeping run needs no memory.
  operation<void> sleep(duration d, source_point at = {__builtin_FILE(), __builtin_LINE()}) const {
    return operation<void>(detail::make_sleep(d.count(), false, at));
  }
  /// Waits durably until the engine's clock says `t`, or later.
  /// Throws   stet::cancelled.
  operation<void> sleep_until(time_point t,
                              source_point at = {__builtin_FILE(), __builtin_LINE()}) const {
    return operation<void>(detail::make_sleep(t.time_since_epoch().count(), true, at));
  }

  /// Starts another workflow as the run `id` and waits for its result. If this await is cancelled,
  /// the child is asked to cancel, too, and isn't waited for.
  ///     auto receipt = co_await ctx.child(Pay, "pay-" + order.id, order);
  ///
  /// Throws   stet::child_failed if the child failed, was cancelled or terminated, if its workflow
  ///          isn't defined, or if `id` is taken; the exception itself if its type is declared;
  ///          stet::cancelled.
  /// Cost     six records, three of them in the child's history. The child's start is in the same
  ///          commit as this run's progress.
  template <class R, class... A>
  operation<R> child(const workflow<R(A...)>& w, step_name id,
                     std::type_identity_t<A>... arguments) {
    return child(w, id, child_options{}, std::move(arguments)...);
  }
  template <class R, class... A>
  operation<R> child(const workflow<R(A...)>& w, step_name id, const child_options& options,
                     std::type_identity_t<A>... arguments) {
    return operation<R>(make_child(w, id, options, std::move(arguments)...));
  }
  /// Starts another workflow as the run `id` and goes on. child_options::parent_close says what
  /// becomes of the child when this run ends; its result can be awaited, or not. A child that can't
  /// be started (its id is taken, its workflow isn't defined) fails its result, and is reported to
  /// the listener: event_kind::child_not_started.
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
  child_handle<R> start_child(const workflow<R(A...)>& w, step_name id,
                              const child_options& options, std::type_identity_t<A>... arguments) {
    return child_handle<R>(hold(make_child(w, id, options, std::move(arguments)...)));
  }

  /// Waits for the next signal of this name. Each signal is read once, in the order in which they
  /// came; a signal that came before the wait is kept for it. A wait that is given up takes no
  /// signal.
  ///     bool approved = co_await ctx.receive(Approved);
  ///
  /// Throws   errc::payload if the signal was sent by a program that has another type for it (the
  ///          signal is taken then, and the next wait gets the next one; if that exception escapes,
  ///          the run is stalled, and reads the signal again); stet::cancelled.
  template <class T>
  operation<T> receive(const v0::signal<T>& s,
                       source_point at = {__builtin_FILE(), __builtin_LINE()}) {
    return operation<T>(detail::make_receive(s.text(), at));
  }
  /// Waits for the next signal, no longer than `limit`. Returns an empty optional (false for void)
  /// if none came.
  ///     auto approved = co_await ctx.receive(Approved, 7 * 24h);
  template <class T>
  auto receive(const v0::signal<T>& s, duration limit,
               source_point at = {__builtin_FILE(), __builtin_LINE()}) {
    return stet::with_timeout(limit, receive(s, at));
  }
  /// Waits until `condition()` holds. The condition is checked now and after each event of the run.
  /// It reads only what the run itself has: variables that its other coroutines and its handlers
  /// change.
  ///     co_await ctx.until([&] { return open_orders == 0; });
  ///
  /// Throws   what `condition()` throws; stet::cancelled.
  template <std::predicate P>
  operation<void> until(P&& condition, source_point at = {__builtin_FILE(), __builtin_LINE()}) {
    detail::guard_gcc<P>();
    return operation<void>(new detail::predicate<std::decay_t<P>>(std::forward<P>(condition), at));
  }
  /// Waits until `condition()` holds, no longer than `limit`. Returns false if it doesn't hold by
  /// then.
  template <std::predicate P>
  auto until(P&& condition, duration limit,
             source_point at = {__builtin_FILE(), __builtin_LINE()}) {
    return stet::with_timeout(limit, until(std::forward<P>(condition), at));
  }

  /// Answers a query as long as the result lives. Keep the result in a variable, declared after the
  /// variables that the handler refers to. The handler is an ordinary function that only reads. It
  /// is called between events, on the run's own thread, and may be called again and again on a run
  /// that is rebuilt for it.
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
  /// coroutine. A coroutine may await whatever a workflow may, beside the run's other coroutines.
  /// If the handler throws, the update's caller gets update_failed.
  ///     auto adding = ctx.on(Add, [&](item i) { items.push_back(i); return items.size(); });
  ///     auto paying = ctx.on(Pay, [&](stet::context& c, cents n) -> stet::task<receipt> { … });
  ///
  /// If the result is destroyed while a handler is under way, that handler ends: its update fails,
  /// and its operations are given up. If the body of one of its steps captures and is running, the
  /// engine waits for that body, and so does every other run. It is better to
  /// `co_await ctx.handlers_done()` before the workflow ends.
  template <class R, class... A, class H> auto on(const update<R(A...)>& u, H&& handler) {
    return on(u, detail::accept_all{}, std::forward<H>(handler));
  }
  /// Answers an update with a validator, which is called before the handler. It only reads, and
  /// refuses the update by throwing: the caller gets errc::rejected with the exception's text, and
  /// nothing is recorded in the run's history.
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

  /// Opens a promise, which anyone may answer, once, from any thread, process or later day: hand
  /// its token out, and wait.
  ///     auto approval = ctx.promise(Approval);
  ///     co_await ctx.step("ask", mail_link, approval.token());
  ///     auto decision = co_await approval.wait(7 * 24h);
  ///
  /// Durable  with this run's progress: a step may hand the token out, and the promise can be
  ///          answered at once.
  template <class T>
  pending_promise<T> promise(const v0::promise<T>& p,
                             source_point at = {__builtin_FILE(), __builtin_LINE()}) {
    return pending_promise<T>(open_promise(p.text(), at));
  }

  /// Sends a signal to another run. When the await returns, the signal has been delivered, in the
  /// same commit as this run's progress.
  ///     co_await ctx.signal("cart-7", Added, item);
  ///
  /// Throws   stet::error with errc::not_found, errc::run_ended or errc::usage; stet::cancelled.
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
  /// Sends an update to another run and waits for its answer. The update is delivered in the same
  /// commit as this run's progress, and is done once.
  ///     auto size = co_await ctx.update("cart-7", Add, item);
  ///
  /// Throws   stet::update_failed with what the handler or the validator threw (the exception
  ///          itself if its type is declared); stet::error with errc::not_found or errc::run_ended;
  ///          stet::cancelled.
  template <class R, class... A>
  operation<R> update(step_name id, const v0::update<R(A...)>& u,
                      std::type_identity_t<A>... arguments) {
    std::string b;
    encode(b, std::tuple<A...>(std::move(arguments)...));
    return operation<R>(detail::make_call(u.text(), id.text, std::move(b), id.where));
  }
  /// Calls an entity and waits for its answer. Calls of one entity are done one at a time, in the
  /// order in which they came, and each once. Needs <stet/entity.hpp>.
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
  /// Asks an entity, which answers at once, whatever it is doing.
  /// Throws   as update.
  template <class S, class R, class... A>
  operation<R> call(const entity<S>& e, step_name key, const v0::query<R(A...)>& q,
                    std::type_identity_t<A>... arguments) {
    std::string b;
    encode(b, std::tuple<A...>(std::move(arguments)...));
    return operation<R>(detail::make_call(q.text(), e.id_of(key.text), std::move(b), key.where));
  }
  /// Asks another run to end, as run_handle::cancel does.
  /// Throws   as signal; errc::usage for a reason of more than 20 KiB, and for an entity.
  operation<void> cancel(step_name id, std::string_view reason = {}) {
    return operation<void>(detail::make_cancel(id.text, reason, id.where));
  }

  /// Runs `body(saga&)`. If the body throws, or the run is cancelled, the undos that it has
  /// registered run, in reverse. Needs <stet/saga.hpp>.
  template <class F> auto saga(F&& body);

  /// Ends this run and begins the next one of its chain, with the same id and a new history, in one
  /// commit. Signals that were not read go over to the next run. Return it:
  ///     co_return co_await ctx.continue_as_new(Loop, n + 1);
  ///
  /// Open children meet this run's end as their options say. No code after the await runs; local
  /// variables are destroyed.
  /// Throws   stet::cancelled if this run was asked to end; when it is made, errc::payload if the
  ///          arguments are too long.
  template <class R, class... A>
  auto continue_as_new(const workflow<R(A...)>& w, std::type_identity_t<A>... arguments) {
    std::string b;
    encode(b, std::tuple<A...>(std::move(arguments)...));
    return detail::continue_operation<R>(w.text(), std::move(b));
  }
  /// Returns whether the history has grown to 4,096 records: then continue_as_new is a good idea.
  bool continue_suggested() const noexcept;

  /// Returns whether this run takes the new way: for changes of code while runs of the old code are
  /// open.
  ///     if (ctx.patched("check-first")) co_await ctx.step("check", check, order);
  ///     co_await ctx.step("charge", charge, order);
  ///
  /// Returns true for a run that comes here for the first time, and from then on a marker in its
  /// history says so; false for a run that came past here by code without this call. The first
  /// answer holds for the whole run, wherever else it asks for the same id. A run that continues
  /// this one asks anew.
  /// Throws   errc::usage for an id that is empty or has more than 200 bytes, and outside of a
  ///          workflow's own code.
  /// Cost     one record, once in a run.
  /// Durable  with this run's progress.
  [[nodiscard("stet: put the new way after `if (ctx.patched(…))`")]] bool patched(
      step_name patch_id);
  /// Takes the place of patched() when no run from before the patch is open any more: only the new
  /// way is left, and a marker that a run has here is passed over. Take it out of the code when no
  /// run with a marker is open either: engine::preview says so.
  /// Throws   as patched().
  ///     ctx.deprecate_patch("check-first");
  ///     co_await ctx.step("check", check, order);
  void deprecate_patch(step_name patch_id);

  /// Sets search attributes of this run, or removes them; the others stay. As a step, a call that
  /// is new or gone stalls runs that came past it: see patched(). What it says may change.
  ///     ctx.set_attributes({Customer("ann"), Stage("paid"), Due.unset()});
  ///
  /// Throws   errc::usage for a name or a value that an attribute can't have, and outside of a
  ///          workflow's own code.
  /// Cost     one record, in its place among the steps: a call more or fewer in changed code needs
  ///          a gate (patched), as a step does. Other values need none.
  /// Durable  with this run's progress: from then on a list shows it.
  void set_attributes(const attribute_list& changes,
                      source_point at = {__builtin_FILE(), __builtin_LINE()});
  /// Sets this run's memo, a value of any type with a codec, in place of the one before.
  /// Throws   errc::usage for a memo that is too large, and outside of a workflow's own code.
  /// Cost     one record, as set_attributes.
  /// Durable  as set_attributes.
  template <class T>
  void set_memo(const T& value, source_point at = {__builtin_FILE(), __builtin_LINE()}) {
    if (is_inert()) return;
    std::string b;
    encode<T>(b, value);
    describe_run(described_memo, b, at);
  }
  /// Sets this run's details in place of those before: a text of at most 20 KiB that tells people
  /// how the run stands. A new call needs patched(), as one of set_attributes.
  /// Throws   errc::usage for a longer text, and outside of a workflow's own code.
  /// Cost     one record, as set_attributes.
  /// Durable  as set_attributes.
  void set_details(std::string_view text, source_point at = {__builtin_FILE(), __builtin_LINE()});

  /// Returns the time of the event that is being handled, by the engine's clock. A replay gets the
  /// same; it never decreases.
  time_point now() const noexcept;
  /// Returns 64 random bits, the same on every replay of this run, different for every run. They
  /// are no secret: a reader of some of them, or of an idempotency key of the run, can compute the
  /// others.
  std::uint64_t random() noexcept;
  /// Returns a version 4 UUID made of random() bits: "f47ac10b-58cc-4372-a567-0e02b2c3d479". It is
  /// no secret either: for a password or a token use a step, or a promise.
  std::string uuid();
  /// Returns the workflow id of this run.
  ///     std::string id = ctx.id();
  /// Life     as long as the run's frame: a body that may outlive it needs a copy.
  const std::string& id() const noexcept STET_LIFETIMEBOUND;
  /// Returns true while recorded history is replayed. Use it for logs and metrics only: a workflow
  /// whose decisions depend on it diverges.
  bool replaying() const noexcept;
  /// Passes a line to the engine's listener. A replay passes nothing; a line that a crash has
  /// undone is passed again. Not durable.
  void log(std::string_view line);

  // Compile errors that say what to write.
  using context_guesses::child;
  using context_guesses::continue_as_new;
  using context_guesses::on;
  using context_guesses::promise;
  using context_guesses::receive;
  using context_guesses::signal;
  using context_guesses::sleep;
  using context_guesses::sleep_until;
  using context_guesses::start_child;
  using context_guesses::step;
  using context_guesses::transact;
  using context_guesses::try_step;
  using context_guesses::until;

 private:
  friend class detail::execution;
  friend class detail::handler;
  explicit context(detail::execution& r) noexcept : run_(&r) {}
  template <class R, class... A>
  detail::command* make_child(const workflow<R(A...)>& w, step_name id,
                              const child_options& options, std::type_identity_t<A>... arguments) {
    std::string b;
    encode(b, std::tuple<A...>(std::move(arguments)...));
    return detail::make_child(w.text(), id.text, std::move(b), options, id.where);
  }
  enum described : std::uint8_t {
    described_attributes = 4,
    described_memo = 8,
    described_text = 16
  };
  void describe_run(described what, std::string_view bytes, source_point at);
  /// Begins a command that belongs to the whole run.
  detail::held_command hold(detail::command* c);
  detail::held_command open_promise(std::string_view name, source_point at);
  std::size_t open_updates() const noexcept;
  /// Returns whether Stet is destroying a frame of this run.
  bool is_inert() const noexcept;

  detail::execution* run_;
};

}}  // namespace stet::v0
