// The engine: what runs are kept and driven by.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <stet/codec.hpp>
#include <stet/context.hpp>
#include <stet/definition.hpp>
#include <stet/environment.hpp>
#include <stet/error.hpp>
#include <stet/export.hpp>
#include <stet/names.hpp>
#include <stet/options.hpp>
#include <stet/run.hpp>
#include <stet/store.hpp>
#include <stet/task.hpp>

namespace stet { inline namespace v0 {

/// How an engine works. Zero is explained where it is allowed.
struct engine_options {
  /// Threads for the bodies of steps. 0: manual mode, no thread of ours; poll(), run_until_idle()
  /// and whatever waits (result, wait_for) drive the engine on the caller's thread.
  unsigned threads = 4;
  /// Idle coroutines kept in memory; more are destroyed and rebuilt by replay when an event comes.
  /// 0: none is kept.
  std::size_t resident_runs_max = 100'000;
  /// Journal that is kept before it is checkpointed, in bytes; about what a start has to read, and
  /// what is in memory of it at most. Runs that are shorter than this are written most cheaply.
  /// After a start that has runs to resume, up to four times as much, until they are going again.
  std::size_t tail_bytes_max = 16u << 20;
  /// A step that was running when the process died is tried alone among such suspects; after so
  /// many deaths while it was tried alone it fails with step_crashed. Its first death makes it a
  /// suspect and doesn't count. 0: never.
  unsigned max_crashes = 3;
  /// What acknowledged means. Anything but sync may lose, at a power cut, the latest acknowledged
  /// work.
  durability commits = durability::sync;
  /// Every n-th event is followed by a replay of its run's whole history, which must come to the
  /// same, or the run is parked before anything comes of it; a history of more than 2.5 n records
  /// waits longer, so that the check costs a step the same in a short run and in a long one. 1 in
  /// tests: every event. 0: never.
  unsigned replay_check_interval = 1000;
  stet::clock* clock = nullptr;        ///< nullptr: the machine's
  stet::entropy* entropy = nullptr;    ///< nullptr: the machine's
  stet::executor* executor = nullptr;  ///< nullptr: `threads` threads of the engine's own
  stet::listener* listener = nullptr;  ///< nullptr: problems go to standard error, logs nowhere
};

/// Keeps runs in a store and drives them.
///
///     stet::engine engine{stet::lmdb::open("bank.stet")};
///     engine.define(MoveMoney, move_money);
///     engine.start();                                     // resumes whatever a crash cut short
///     auto receipt = engine.run(MoveMoney, "transfer-42", transfer{"ann", "bob", 1000}).result();
///
/// Thread   define before start, from one thread; afterwards every call from any thread but the
/// engine's own (a
///          workflow, a step's body in manual mode): those that wait throw errc::usage there.
/// Throws   stet::error from every call: errc::usage for nonsense, errc::closed after close,
/// errc::store and errc::full
///          when the store fails. After a failed commit of unknown outcome the engine is closed;
///          open it anew.
class STET_API engine {
 public:
  explicit engine(std::unique_ptr<store> s, engine_options o = {});
  /// close(), without a throw.
  ~engine();
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  /// Says what a workflow does. The body: `stet::task<R> (stet::context&, Args…)`, exactly; the
  /// engine keeps it. Throws errc::conflict if the name is defined already, errc::usage after
  /// start().
  template <class R, class... A, class F>
    requires(!std::is_convertible_v<F, task<R> (*)(context&, A...)>)
  void define(const workflow<R(A...)>& name, F&& body) {
    using kept = std::decay_t<F>;
    if constexpr (detail::check_workflow<kept, R, A...>())
      add(name.text(),
          std::make_unique<detail::definition_of<kept, R, A...>>(std::forward<F>(body)));
  }
  /// The same for a plain function, or for the one of several overloads that fits.
  template <class R, class... A>
  void define(const workflow<R(A...)>& name,
              std::type_identity_t<task<R> (*)(context&, A...)> body) {
    using kept = task<R> (*)(context&, A...);
    if constexpr (detail::check_workflow<kept, R, A...>())
      add(name.text(), std::make_unique<detail::definition_of<kept, R, A...>>(body));
  }
  /// Lets an exception type cross the journal as itself, through steps, children and result().
  /// Declared means final: a step that throws it is not retried.
  template <class E> void define(const error_type<E>& name) {
    if constexpr (detail::require_codec<E>())
      add(std::make_unique<detail::declared_error_of<E>>(name.text()));
  }

  /// Takes the store over, reads what its journal holds and resumes every run that a crash or a
  /// close cut short. Throws store_error: errc::conflict if another engine owns the store,
  /// errc::corrupt if it can't be trusted (nothing is executed then), errc::store if it was written
  /// by a newer version.
  void start();

  /// Starts a run, or finds the one that has this id already: the id is the idempotency key.
  ///     auto run = engine.run(MoveMoney, "transfer-42", {"ann", "bob", 1000});
  ///
  /// `id` is 1 to 200 bytes of any value.
  /// Throws   errc::unknown_workflow, errc::usage (the id), errc::conflict if the id belongs to
  /// another workflow,
  ///          errc::full while the store has no room.
  /// Durable  when it returns, the run is.
  template <class R, class... A>
  run_handle<R> run(const workflow<R(A...)>& w, std::string_view id,
                    std::type_identity_t<A>... arguments) {
    return run(w, id, start_options{}, std::move(arguments)...);
  }
  /// The same with options: what to do if the id is taken, a delay, time-outs.
  ///     engine.run(Remind, "remind-7", {.delay = 24h}, text);
  template <class R, class... A>
  run_handle<R> run(const workflow<R(A...)>& w, std::string_view id, start_options options,
                    std::type_identity_t<A>... arguments) {
    std::vector<detail::start_request> one;
    one.push_back(request_of<A...>(id, options, std::move(arguments)...));
    auto started = detail::core::start(*core_, w.text(), std::move(one));
    return run_handle<R>(core_, std::string(id), started.at(0));
  }
  /// Starts a run, unless there is one of this id that is open, and sends it a signal, in one
  /// commit. A run that has ended is started anew.
  ///     engine.signal_with_start(Added, item, Cart, "cart-7", customer);
  template <class T, class R, class... A>
    requires(!std::is_void_v<T>)
  run_handle<R> signal_with_start(const v0::signal<T>& s, const std::type_identity_t<T>& value,
                                  const workflow<R(A...)>& w, std::string_view id,
                                  std::type_identity_t<A>... arguments) {
    return signal_with_start(s, value, w, id, start_options{.reuse = id_reuse::allow},
                             std::move(arguments)...);
  }
  template <class T, class R, class... A>
    requires(!std::is_void_v<T>)
  run_handle<R> signal_with_start(const v0::signal<T>& s, const std::type_identity_t<T>& value,
                                  const workflow<R(A...)>& w, std::string_view id,
                                  start_options options, std::type_identity_t<A>... arguments) {
    detail::signal_request q{s.text(), {}, {}};
    encode<T>(q.payload, value);
    auto started = detail::core::start_with(
        *core_, w.text(), request_of<A...>(id, options, std::move(arguments)...), q);
    return run_handle<R>(core_, std::string(id), started);
  }
  /// Starts a run, unless there is one of this id that is open, and sends it an update; the run's
  /// start, the update and what it brings are one commit. Waits until the update is accepted; if it
  /// is refused, a run that was started for it stays.
  ///     auto size = engine.update_with_start(Add, std::tuple(item), Cart, "cart-7", c).result();
  template <class U, class... B, class R, class... A>
  update_handle<U> update_with_start(const v0::update<U(B...)>& u,
                                     const std::type_identity_t<std::tuple<B...>>& values,
                                     const workflow<R(A...)>& w, std::string_view id,
                                     std::type_identity_t<A>... arguments) {
    return update_with_start(u, update_options{}, values, w, id,
                             start_options{.reuse = id_reuse::allow}, std::move(arguments)...);
  }
  template <class U, class... B, class R, class... A>
  update_handle<U> update_with_start(const v0::update<U(B...)>& u, update_options o,
                                     const std::type_identity_t<std::tuple<B...>>& values,
                                     const workflow<R(A...)>& w, std::string_view id,
                                     start_options options, std::type_identity_t<A>... arguments) {
    detail::update_request q{u.text(), std::string(o.id), {}};
    encode(q.arguments, values);
    auto [started, update_id] = detail::core::start_with(
        *core_, w.text(), request_of<A...>(id, options, std::move(arguments)...), q);
    return update_handle<U>(core_, started.run, std::string(id), u.text(), std::move(update_id));
  }
  /// Starts many runs in one commit, as (id, arguments) pairs, under the rules of run().
  ///     engine.run_all(Hash, std::vector{std::pair(std::string("a"), std::tuple(path_a))});
  template <class R, class... A>
  std::vector<run_handle<R>> run_all(
      const workflow<R(A...)>& w,
      const std::vector<std::pair<std::string, std::tuple<A...>>>& runs) {
    std::vector<detail::start_request> requests(runs.size());
    for (std::size_t i = 0; i < runs.size(); ++i) {
      requests[i].id = runs[i].first;
      encode(requests[i].arguments, runs[i].second);
    }
    auto started = detail::core::start(*core_, w.text(), std::move(requests));
    std::vector<run_handle<R>> handles;
    handles.reserve(runs.size());
    for (std::size_t i = 0; i < runs.size(); ++i)
      handles.push_back(run_handle<R>(core_, runs[i].first, started.at(i)));
    return handles;
  }
  /// The run of this id, open or ended, if there is one. Throws errc::conflict if it belongs to
  /// another workflow.
  template <class R, class... A>
  std::optional<run_handle<R>> find(const workflow<R(A...)>& w, std::string_view id) {
    auto found = detail::core::find(*core_, w.text(), id);
    if (!found) return std::nullopt;
    return run_handle<R>(core_, std::string(id), *found);
  }
  /// Answers a promise of a run, by the token that pending_promise::token() gave.
  ///     engine.resolve(Approval, token, decision{true, "ok"});
  ///
  /// Returns  false if it was answered before, or its run has ended: nothing happens then.
  /// Throws   errc::not_found for a token that no run of this store has given, errc::usage if it
  ///          stands for a promise of another name.
  /// Durable  when it returns, the answer is.
  template <class T>
    requires(!std::is_void_v<T>)
  bool resolve(const promise<T>& p, std::string_view token, const std::type_identity_t<T>& value) {
    std::string b;
    encode<T>(b, value);
    return detail::core::answer_promise(*core_, p.text(), token, b, nullptr);
  }
  bool resolve(const promise<void>& p, std::string_view token) {
    return detail::core::answer_promise(*core_, p.text(), token, detail::null_payload(), nullptr);
  }
  /// The same with a refusal: whoever waits gets stet::promise_rejected with the reason.
  template <class T> bool reject(const promise<T>& p, std::string_view token, std::string reason) {
    failure f{"stet::promise_rejected", std::move(reason), {}, 1};
    return detail::core::answer_promise(*core_, p.text(), token, {}, &f);
  }

  /// run_handle::signal by id, whatever the run's workflow is. Throws errc::not_found, as below.
  ///     engine.signal("order-7", Approved, true);
  template <class T>
    requires(!std::is_void_v<T>)
  void signal(std::string_view id, const v0::signal<T>& s, const std::type_identity_t<T>& value,
              signal_options o = {}) {
    named(id).signal(s, value, o);
  }
  void signal(std::string_view id, const v0::signal<void>& s, signal_options o = {}) {
    named(id).signal(s, o);
  }
  /// run_handle::query by id.
  template <class Q, class... A>
  Q query(std::string_view id, const v0::query<Q(A...)>& q, std::type_identity_t<A>... arguments) {
    return named(id).query(q, std::move(arguments)...);
  }
  /// run_handle::update by id.
  template <class U, class... A>
  U update(std::string_view id, const v0::update<U(A...)>& u,
           std::type_identity_t<A>... arguments) {
    return named(id).update(u, std::move(arguments)...);
  }
  template <class U, class... A>
  U update(std::string_view id, const v0::update<U(A...)>& u, update_options o,
           std::type_identity_t<A>... arguments) {
    return named(id).update(u, o, std::move(arguments)...);
  }
  /// Reads and writes the user's own entries from outside, as context::transact does.
  ///     auto cents = engine.transact([](stet::transaction& tx) { return tx.get(Accounts, "ann");
  ///     });
  ///
  /// Returns  what `f` returns, whatever its type is. Throws what `f` throws: nothing was written.
  /// Durable  when it returns, what it read and wrote is.
  template <class F> auto transact(F&& f) -> std::invoke_result_t<F&, transaction&> {
    using R = std::invoke_result_t<F&, transaction&>;
    struct function final : detail::transact_function {
      explicit function(F& f) : f_(f) {}
      void run(transaction& tx) override {
        if constexpr (std::is_void_v<R>) f_(tx);
        else result.emplace(f_(tx));
      }
      F& f_;
      std::optional<detail::stored<R>> result;
    } call(f);
    detail::core::transact(*core_, call);
    if constexpr (!std::is_void_v<R>) return *std::move(call.result);
  }
  /// run_handle::cancel by id. Throws errc::not_found.
  void cancel(std::string_view id, std::string_view reason = {});
  /// run_handle::terminate by id. Throws errc::not_found.
  void terminate(std::string_view id, std::string_view reason = {});
  /// Lets a stalled run try again now: when what stalled it is gone without a new build (a restored
  /// chunk of history), or when it was parked because its code brought the process down. A run that
  /// is stalled because the code doesn't fit is tried again at every start() anyway. No effect on
  /// other runs. Throws errc::not_found.
  void resume(std::string_view id);
  /// What a run is doing and what it waits for; nothing if there is no such run. Never disturbs the
  /// run.
  std::optional<run_info> describe(std::string_view id);
  /// What happened to the latest run of this id, and what it did; nothing if there is none. Throws
  /// errc::corrupt if its history can't be read.
  std::vector<history_entry> history(std::string_view id);
  /// The ids of runs that haven't ended, in order, beginning after `after`: what is going on, page
  /// by page.
  std::vector<std::string> open_runs(std::string_view after = {}, std::size_t count_max = 100);

  /// Stops: no step begins any more, bodies that run are asked to stop and waited for, what was
  /// decided is committed and checkpointed, the store is released. Steps that were queued count as
  /// not started. Idempotent.
  void close();

  /// Manual mode: does what can be done now without waiting. Returns whether it did anything.
  bool poll();
  /// Manual mode: poll() until there is nothing to do at this moment.
  void run_until_idle();
  /// Manual mode: when poll() is worth calling again, nothing if only a call from outside can bring
  /// work. For the operating system's alarm, before the app is suspended.
  std::optional<time_point> next_wakeup();

  /// For tests and tools that ship with Stet.
  detail::engine_core& internals() noexcept { return *core_; }

 private:
  /// The latest run of that id, looked for when it is asked.
  run_handle<void> named(std::string_view id) { return {core_, std::string(id), {}}; }
  template <class... A>
  static detail::start_request request_of(std::string_view id, start_options options,
                                          std::type_identity_t<A>... arguments) {
    detail::start_request q{std::string(id), {}, options};
    encode(q.arguments, std::tuple<A...>(std::move(arguments)...));
    return q;
  }
  void add(std::string_view name, std::unique_ptr<detail::definition>);
  void add(std::unique_ptr<detail::declared_error>);
  std::shared_ptr<detail::engine_core> core_;
};

}}  // namespace stet::v0
