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

/// What a run is doing. On disk: never renumber (docs/format.md).
enum class status : std::uint8_t {
  running = 0,
  completed = 1,
  failed = 2,  ///< the workflow let an exception escape
  cancelled = 3,
  terminated = 4,
  stalled =
      5,  ///< parked: today's code doesn't fit its history, or isn't defined; see run_info::reason
  timed_out = 6,         ///< its time was over: see start_options
  continued_as_new = 7,  ///< the next run of its chain goes on
};

/// Something a run waits for.
struct pending_info {
  std::string kind;      ///< "step", "sleep", "child", "condition", "promise", "message"
  std::string name;      ///< the step's, the child's workflow's, the promise's; "signal 'approved'"
  std::string detail;    ///< step: arguments in short; child: its id; promise: its token
  unsigned attempt = 0;  ///< step: the attempt that runs, ran last or will run next
  std::string last_error;  ///< step: what its last failed attempt said
  time_point due{};        ///< sleep: when it ends; step: when the next attempt begins; else zero
};

/// What an operator asks about a run.
struct run_info {
  std::string id;
  std::string workflow;
  std::uint64_t run = 0;  ///< the run's number
  stet::status status = status::running;
  std::string reason;         ///< why it is stalled, failed, cancelled or terminated
  std::uint64_t records = 0;  ///< of its history
  time_point started{};
  std::uint64_t parent = 0;     ///< the run that waits for it, or 0
  std::uint64_t previous = 0;   ///< the run that it continues, or 0
  std::uint64_t next = 0;       ///< the run that continues it, or 0
  time_point next_wakeup{};     ///< when it goes on by itself; zero: it doesn't
  unsigned unread_signals = 0;  ///< that were sent to it and that it has not read
  unsigned open_updates = 0;    ///< that were accepted and have no answer yet
  std::vector<pending_info> waits_for;
};

/// One record of a run's history, for people.
struct history_entry {
  time_point time{};     ///< of what happened to the run; what it did about it has the same
  std::string kind;      ///< "started", "step", "step done", "signal", "timer fired", …
  unsigned command = 0;  ///< the number of the operation that it is or answers; 0: none
  std::string name;      ///< of the step, the workflow, the signal, …; a reason
  std::string detail;    ///< arguments, a result, what went wrong: in short
};

namespace detail {
class engine_core;

struct start_result {
  std::uint64_t run = 0;
  bool created = false;
};
struct run_outcome {
  v0::status status = v0::status::running;
  std::string payload;
  failure error;
};
struct start_request {
  std::string id, arguments;
  start_options options{};
};
struct signal_request {
  std::string_view name;
  std::string payload;
  std::string_view key;
};
struct update_request {
  std::string_view name;
  std::string id, arguments;
};
enum class update_stage : std::uint8_t {
  accepted,  // send it, wait until it is accepted
  answered,  // send it, wait for its answer
  attached,  // wait for the answer of one that was sent before
};
struct update_outcome {
  std::uint64_t run = 0;  // whose update it is
  std::string id;         // the request's, or one that was made for it
  bool answered = false;
  std::string payload;
  std::optional<failure> error;
};

/// A function of a transaction, without its type.
class transact_function {
 public:
  virtual void run(transaction& tx) = 0;

 protected:
  ~transact_function() = default;
};

/// The engine without types. Everything a template above it needs.
struct STET_API core {
  static std::vector<start_result> start(engine_core&, std::string_view workflow,
                                         std::vector<start_request>);
  static std::optional<start_result> find(engine_core&, std::string_view workflow,
                                          std::string_view id);
  /// Waits for the end (nullopt: no limit); nullopt if the time was up. Throws run_stalled,
  /// not_found, closed.
  static std::optional<run_outcome> wait(engine_core&, std::uint64_t run, std::string_view id,
                                         std::optional<duration> limit);
  static v0::status status(engine_core&, std::uint64_t run, std::string_view id);
  static void cancel(engine_core&, std::uint64_t run, std::string_view id, std::string_view reason);
  static void terminate(engine_core&, std::uint64_t run, std::string_view id,
                        std::string_view reason);
  [[noreturn]] static void raise(engine_core&, std::string_view id, const run_outcome&);
  static void signal(engine_core&, std::uint64_t run, std::string_view id, const signal_request&);
  static std::string query(engine_core&, std::uint64_t run, std::string_view id,
                           std::string_view name, std::string_view arguments);
  /// Nothing if the time was up.
  static std::optional<update_outcome> update(engine_core&, std::uint64_t run, std::string_view id,
                                              const update_request&, update_stage until,
                                              std::optional<duration> limit);
  [[noreturn]] static void raise_update(engine_core&, std::string_view name, const failure&);
  static start_result start_with(engine_core&, std::string_view workflow, start_request,
                                 const signal_request&);
  /// And the update's id.
  static std::pair<start_result, std::string> start_with(engine_core&, std::string_view workflow,
                                                         start_request, const update_request&);
  static bool answer_promise(engine_core&, std::string_view promise, std::string_view token,
                             std::string_view payload, const failure* rejected);
  static void transact(engine_core&, transact_function&);
};

/// What an update that was answered returns, or throws.
template <class R> R take(engine_core& e, std::string_view name, const update_outcome& o) {
  if (o.error) core::raise_update(e, name, *o.error);
  if constexpr (!std::is_void_v<R>) return decode<R>(o.payload);
}
}  // namespace detail

/// An update that was accepted by a run. Cheap to copy; usable as long as its engine is open.
/// Thread: any.
template <class R> class update_handle {
 public:
  /// What names this request: see update_options::id.
  const std::string& id() const noexcept { return request_.id; }
  /// Waits for its answer.
  ///
  /// Returns  what the handler returned.
  /// Throws   what the handler let escape, if its type is declared, else stet::update_failed;
  ///          errc::run_ended if the run ended without an answer, errc::run_stalled, errc::closed.
  /// Durable  the answer was, before this returned.
  R result() const {
    auto o = detail::core::update(*core_, run_, run_id_, request_, detail::update_stage::attached,
                                  std::nullopt);
    return detail::take<R>(*core_, request_.name, *o);
  }
  /// Waits for its answer, no longer than `limit`. True if it is there.
  bool wait_for(duration limit) const {
    return detail::core::update(*core_, run_, run_id_, request_, detail::update_stage::attached,
                                limit)
        .has_value();
  }

 private:
  template <class> friend class run_handle;
  friend class engine;
  update_handle(std::shared_ptr<detail::engine_core> c, std::uint64_t run, std::string run_id,
                std::string_view name, std::string id)
      : core_(std::move(c)),
        run_(run),
        run_id_(std::move(run_id)),
        request_{name, std::move(id), {}} {}
  std::shared_ptr<detail::engine_core> core_;
  std::uint64_t run_;
  std::string run_id_;
  detail::update_request request_;
};

/// One run of a workflow that returns `R`. Cheap to copy; usable as long as its engine is open.
/// Thread: any.
template <class R> class run_handle {
 public:
  const std::string& id() const noexcept { return id_; }
  /// False: the id was there already, and this is that run.
  bool created() const noexcept { return created_; }

  /// Waits for the end of the run.
  ///
  /// Returns  what the workflow returned.
  /// Throws   what the workflow let escape, if its type is declared by engine.define, else
  /// stet::run_failed;
  ///          run_cancelled, run_terminated, run_timed_out; error with errc::run_stalled if it is
  ///          parked; errc::closed, errc::payload.
  /// A run that was continued as new hands on: the result is that of the last one of its chain.
  /// Durable  the result was, before this returned.
  R result() const {
    auto o = detail::core::wait(*core_, run_, id_, std::nullopt);
    if (o->status != v0::status::completed) detail::core::raise(*core_, id_, *o);
    return decode<R>(o->payload);
  }
  /// Waits for the end, no longer than `limit`. True if the run has ended (or is stalled).
  bool wait_for(duration limit) const {
    return detail::core::wait(*core_, run_, id_, limit).has_value();
  }
  v0::status status() const { return detail::core::status(*core_, run_, id_); }
  /// Asks the run to end: its awaits throw stet::cancelled, it may clean up. No effect on a run
  /// that has ended. Durable  when it returns, the request is.
  void cancel(std::string_view reason = {}) const {
    detail::core::cancel(*core_, run_, id_, reason);
  }
  /// Ends the run without asking it: no code of the workflow runs any more. Its open children are
  /// terminated as well. Durable  when it returns, the end is.
  void terminate(std::string_view reason = {}) const {
    detail::core::terminate(*core_, run_, id_, reason);
  }

  /// Sends a signal: the run reads it with context::receive, or finds it waiting when it does. Of a
  /// run that was continued as new, the one that goes on gets it; likewise below.
  ///     run.signal(Approved, true);
  ///
  /// Throws   errc::run_ended, errc::usage (the key).
  /// Durable  when it returns, the signal is.
  template <class T>
    requires(!std::is_void_v<T>)
  void signal(const v0::signal<T>& s, const std::type_identity_t<T>& value,
              signal_options o = {}) const {
    detail::signal_request q{s.text(), {}, o.idempotency_key};
    encode<T>(q.payload, value);
    detail::core::signal(*core_, run_, id_, q);
  }
  void signal(const v0::signal<void>& s, signal_options o = {}) const {
    detail::core::signal(*core_, run_, id_, {s.text(), detail::null_payload(), o.idempotency_key});
  }

  /// Asks the run something: its handler (context::on) answers, with all that was acknowledged
  /// before in its sight. A run that has ended answers as it stood at its end: one that completed,
  /// when it returned; one that failed or was cancelled, before its last event.
  ///     auto text = run.query(Status);
  ///
  /// Throws   errc::not_found if it has no such handler at the moment, errc::run_stalled; what the
  ///          handler throws.
  /// Durable  what it says was, before this returned. Nothing is recorded.
  template <class Q, class... A>
  Q query(const v0::query<Q(A...)>& q, std::type_identity_t<A>... arguments) const {
    std::string b;
    encode(b, std::tuple<A...>(std::move(arguments)...));
    return decode<Q>(detail::core::query(*core_, run_, id_, q.text(), b));
  }

  /// Sends an update and waits for its answer: update_handle::result().
  ///     auto size = run.update(Add, item);
  ///
  /// Throws   errc::rejected, with its words, if the validator refuses it or no handler is there;
  ///          errc::run_ended, errc::run_stalled; as update_handle::result.
  template <class U, class... A>
  U update(const v0::update<U(A...)>& u, std::type_identity_t<A>... arguments) const {
    return update(u, update_options{}, std::move(arguments)...);
  }
  template <class U, class... A>
  U update(const v0::update<U(A...)>& u, update_options o,
           std::type_identity_t<A>... arguments) const {
    auto answer = detail::core::update(*core_, run_, id_, request_of(u, o, std::move(arguments)...),
                                       detail::update_stage::answered, std::nullopt);
    return detail::take<U>(*core_, u.text(), *answer);
  }
  /// Sends an update and waits until it is accepted: from then on its handler will run to its end,
  /// whatever crashes. Durable  that, when it returns.
  template <class U, class... A>
  update_handle<U> start_update(const v0::update<U(A...)>& u,
                                std::type_identity_t<A>... arguments) const {
    return start_update(u, update_options{}, std::move(arguments)...);
  }
  template <class U, class... A>
  update_handle<U> start_update(const v0::update<U(A...)>& u, update_options o,
                                std::type_identity_t<A>... arguments) const {
    auto sent = detail::core::update(*core_, run_, id_, request_of(u, o, std::move(arguments)...),
                                     detail::update_stage::accepted, std::nullopt);
    return update_handle<U>(core_, sent->run, id_, u.text(), std::move(sent->id));
  }

 private:
  friend class engine;
  template <class U, class... A>
  static detail::update_request request_of(const v0::update<U(A...)>& u, update_options o,
                                           std::type_identity_t<A>... arguments) {
    detail::update_request q{u.text(), std::string(o.id), {}};
    encode(q.arguments, std::tuple<A...>(std::move(arguments)...));
    return q;
  }
  run_handle(std::shared_ptr<detail::engine_core> c, std::string id, detail::start_result s)
      : core_(std::move(c)), id_(std::move(id)), run_(s.run), created_(s.created) {}
  std::shared_ptr<detail::engine_core> core_;
  std::string id_;
  std::uint64_t run_;
  bool created_;
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
