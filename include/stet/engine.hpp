// The engine: keeps runs in a store and drives them.
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

#include <stet/client.hpp>
#include <stet/codec.hpp>
#include <stet/context.hpp>
#include <stet/definition.hpp>
#include <stet/entity.hpp>
#include <stet/environment.hpp>
#include <stet/error.hpp>
#include <stet/export.hpp>
#include <stet/names.hpp>
#include <stet/options.hpp>
#include <stet/payload.hpp>
#include <stet/preview.hpp>
#include <stet/run.hpp>
#include <stet/store.hpp>
#include <stet/task.hpp>

namespace stet { inline namespace v0 {
namespace detail {
class engine_core;
}

/// Options of an engine.
struct engine_options {
  /// How many bodies of steps run at once, at most 4096. The engine begins with as many threads as
  /// the machine has cores (4 at least), makes more while steps wait for a thread because bodies
  /// take long, up to this number, and ends those that it hasn't needed for some seconds. Steps
  /// wait in the order in which their runs began. For bodies that compute rather than wait, the
  /// number of cores is a good bound. A body that waits for a run of this engine (result, wait_for,
  /// an update) doesn't count: another thread takes its place, up to 256 of them; beyond that the
  /// waiting call throws errc::usage. 0 means manual mode: the engine has no thread of its own;
  /// poll(), run_until_idle() and calls that wait drive it on the caller's thread. Without an
  /// executor, bodies run inside any of these calls, start() of a run included.
  unsigned threads = 256;
  /// The most idle coroutines that are kept in memory; others are destroyed, and rebuilt by replay
  /// when an event comes. 0 keeps none: each is destroyed after each event, or if its history is
  /// long after all events that came together with it.
  std::size_t resident_runs_max = 100'000;
  /// How much of the journal is kept before it is checkpointed, in bytes: about as much as a start
  /// has to read, and the most of it that is in memory. Runs that are shorter than this are written
  /// most cheaply. After a start that has runs to resume, up to four times as much is kept until
  /// they go on. At least 4,096; at most an eighth of the longest value of the store (of 1 GiB:
  /// 128 MiB), and a larger number counts as that.
  std::size_t tail_bytes_max = 16u << 20;
  /// How often a step may bring the process down. A step that was running when the process died
  /// becomes a suspect; that first death doesn't count. After the second death a suspect is tried
  /// alone, while no other such suspect runs; already after the first, if no other code of the user
  /// was running. After this many deaths while it was tried alone, the step fails with
  /// step_crashed. A workflow's own code is tried with the event during which the process died;
  /// after this many deaths, its run is stalled. 0 means that crashes are never counted.
  unsigned max_crashes = 3;
  /// How durable acknowledged work is. With any value but sync, a power cut may lose the latest of
  /// it.
  durability commits = durability::sync;
  /// After every n-th event its run's whole history is replayed. If the replay differs, the run is
  /// stalled before the event has any effect. A history of more than 2.5 n records waits longer, so
  /// that the check costs a step the same in a short run and in a long one. Use 1 in tests: every
  /// event. 0 means never.
  unsigned replay_check_interval = 1000;
  /// How long a run is kept after its end; then it is erased, as admin::erase does. In a chain that
  /// goes on, the latest runs that have ended are kept longer
  /// (docs/decisions/chains-and-retention.md). Zero means for ever. engine::retain sets it for one
  /// namespace.
  duration retention{};
  /// A workflow whose code computes for this long without an await is reported to the listener
  /// while it still computes (in manual mode, afterwards): it holds up every other run. Zero means
  /// that none is reported.
  duration watchdog{1000};
  /// The longest payload, in bytes, before any transform: an argument list, a result, a signal, an
  /// entry of a table, what a heartbeat or an error says. A longer one is refused where it is made,
  /// with errc::payload; a step whose result is longer fails, and isn't tried again. A payload that
  /// a run itself makes is checked by the limit that the run began with. At most
  /// payload_bytes_ceiling, and at most a sixteenth of the longest value of the store.
  std::size_t payload_bytes_max = 4u << 20;
  /// The transforms that each payload goes through before it is stored, in this order, and through
  /// which it is read in the opposite order: {stet::zstd(), keys}. A payload that was stored
  /// without them, or with others that are also listed here, is read as well (unless
  /// payload_transform::is_required).
  std::vector<std::shared_ptr<payload_transform>> transforms{};
  /// Says whether an exception that escapes a workflow's code, and is neither declared nor Stet's
  /// own, stalls the run or fails it; workflow_options::accident says it for one workflow. It is
  /// decided anew at each drive: a run that was stalled fails if it is driven with `fail`. What is
  /// recorded stays.
  stet::accident accident = stet::accident::stall;
  /// Says what a replay compares with a run's history, apart from kind and order of its operations.
  /// With `names`, a deploy may mend the text of a set_details, add a field to a type of arguments,
  /// or rename the class of an exception. With `arguments`, each of these stalls the runs that came
  /// past such a place: that is for tests. The replays of replay_check_interval compare everything
  /// that this program has emitted.
  stet::compared compare = stet::compared::names;
  stet::clock* clock = nullptr;        ///< nullptr: the machine's
  stet::entropy* entropy = nullptr;    ///< nullptr: the machine's
  stet::executor* executor = nullptr;  ///< nullptr: the engine's own, at most `threads`
  stet::listener* listener = nullptr;  ///< nullptr: problems go to standard error, logs nowhere
  stet::interceptor* interceptor = nullptr;  ///< nullptr: bodies of steps are just run
};

/// Keeps runs in a store and drives them.
///
///     stet::engine engine{stet::lmdb::open("bank.stet")};
///     engine.define(MoveMoney, move_money);
///     engine.start();                                     // resumes whatever a crash cut short
///     auto paid = engine.start(MoveMoney, "transfer-42", transfer{"ann", "bob", 1000}).result();
///
/// Throws   stet::error from every call: errc::usage for an argument that makes no sense,
///          errc::closed after close, errc::store and errc::full when the store fails. After a
///          failed commit of unknown outcome the engine is closed; open a new one.
/// Thread   define before start, from one thread; afterwards any but the engine's own (a workflow,
///          a transaction, an inline step, in manual mode any step's body): there every call throws
///          errc::usage.
class STET_API engine : public client {
 public:
  /// Makes an engine on a store. It runs no code of the user's before start() or preview().
  /// Throws   errc::usage without a store, and for options that make no sense.
  explicit engine(std::unique_ptr<store> s, engine_options o = {});
  template <detail::text S>
  explicit engine(const S&, engine_options = {}) : engine(std::unique_ptr<store>()) {
    static_assert(detail::never<S>,
                  "stet: an engine takes an open store: stet::engine "
                  "engine{stet::lmdb::open(\"bank.stet\")}, with <stet/lmdb.hpp>");
  }
  template <class O = detail::other_engine_options>
  explicit engine(std::unique_ptr<store>, const std::type_identity_t<O>&, ...)
      : engine(std::unique_ptr<store>()) {
    detail::refuse_engine_options<O>();
  }
  /// Closes the engine, as close() does, and reports an exception to the listener instead of
  /// throwing it. In a step's body or a listener, where close() throws, another thread closes it
  /// soon: what the host has given to the engine has to live until then.
  ~engine();
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  /// Defines a workflow: `body` is what it does. Its signature is exactly
  /// `stet::task<R> (stet::context&, Args…)`; the engine keeps it.
  /// Throws   errc::conflict if the name is defined already, errc::usage after start().
  template <class R, class... A, class F>
    requires(!std::is_convertible_v<F, task<R> (*)(context&, A...)>)
  void define(const workflow<R(A...)>& name, F&& body) {
    define(name, workflow_options{}, std::forward<F>(body));
  }
  /// Defines a workflow by a plain function, or by the one of several overloads that fits.
  template <class R, class... A>
  void define(const workflow<R(A...)>& name,
              std::type_identity_t<task<R> (*)(context&, A...)> body) {
    define(name, workflow_options{}, body);
  }
  /// Defines one of several versions of a workflow. A run begins with the version that is defined
  /// last, and stays with it until it is moved to another.
  ///     engine.define(Pay, pay_as_it_was);                 // for runs that began with it
  ///     engine.define(Pay, {.version = "2"}, pay);         // for new ones
  ///
  /// A run that another run starts, and a run that continues another, is a new run. A run whose
  /// version isn't defined is stalled until it is defined, or until the run is moved:
  /// run_handle::move_to.
  /// Throws   as above; errc::conflict if the version is defined already.
  template <class R, class... A, class F>
    requires(!std::is_convertible_v<F, task<R> (*)(context&, A...)>)
  void define(const workflow<R(A...)>& name, const workflow_options& options, F&& body) {
    using kept = std::decay_t<F>;
    if constexpr (detail::check_workflow<kept, R, A...>())
      add(name.text(), options,
          std::make_unique<detail::definition_of<kept, R, A...>>(std::forward<F>(body)));
  }
  template <class R, class... A>
  void define(const workflow<R(A...)>& name, const workflow_options& options,
              std::type_identity_t<task<R> (*)(context&, A...)> body) {
    using kept = task<R> (*)(context&, A...);
    if constexpr (detail::check_workflow<kept, R, A...>())
      add(name.text(), options, std::make_unique<detail::definition_of<kept, R, A...>>(body));
  }
  template <class R, class... A, class O = detail::other_workflow_options>
  void define(const workflow<R(A...)>&, std::type_identity_t<O>, ...) {
    detail::refuse_workflow_options<O>();
  }
  /// Defines an entity: a handler for each update and query, made by stet::on. Needs
  /// <stet/entity.hpp>.
  /// Throws   as above.
  ///     engine.define(Cart, stet::on(Add, add_to_cart), stet::on(Items, items_of));
  template <class S, class... H>
    requires(!std::is_same_v<H, workflow_options> && ...)
  void define(const entity<S>& name, H... handlers) {
    define(name, workflow_options{}, std::move(handlers)...);
  }
  /// Defines one of several versions of an entity. An entity takes the latest one when it continues
  /// as new.
  template <class S, class... H>
  void define(const entity<S>& name, const workflow_options& options, H... handlers) {
    static_assert(sizeof...(H) > 0, "stet: an entity answers something: stet::on(Add, …)");
    if constexpr ((detail::check_entity_handler<S>(static_cast<const H*>(nullptr)) && ...))
      add(name.text(), options,
          std::make_unique<detail::entity_definition<S, H...>>(name.as_workflow(),
                                                               std::move(handlers)...));
  }
  template <detail::text_or_function S, class... X> void define(const S&, X&&...) {
    static_assert(detail::never<S>,
                  "stet: a workflow is defined under its typed name: inline constexpr "
                  "stet::workflow<int(int)> Pay{\"pay\"}; … engine.define(Pay, pay)");
  }
  /// Declares an exception type: such an exception crosses the journal as itself, through steps,
  /// children and result(). A declared error is final: a step that throws it is not retried, and a
  /// run whose workflow lets it escape has failed.
  /// Throws   errc::conflict if the name is declared already, errc::usage after start().
  template <class E> void define(const error_type<E>& name) {
    if constexpr (detail::require_codec<E>())
      add(std::make_unique<detail::declared_error_of<E>>(name.text()));
  }

  /// Returns which open runs start() would stall, before anything is run. Each run is replayed by
  /// the bodies that are defined now, through its history and the events that have come since. Of
  /// those that would be stalled the first `listed_max` are listed.
  ///     if (engine.preview().stalled_runs > 0) return roll_back();
  ///
  /// Writes nothing: whichever build owned the store goes on with it. Runs the code of workflows,
  /// no step, and forgets the results.
  /// Throws   as start(); errc::usage after start().
  /// Cost     a replay of every open run, one after the other; as much memory as start() needs.
  start_preview preview(std::size_t listed_max = 1000);
  /// Takes the store over, reads what its journal holds and resumes every run that a crash or a
  /// close cut short. Reports to the listener how many open runs are of workflows that aren't
  /// defined, which are stalled then, and how many were stalled: event_kind::workflow_undefined,
  /// runs_stalled.
  /// Throws   store_error: errc::conflict if another engine owns the store; errc::corrupt if the
  ///          store can't be trusted (nothing is executed then); errc::store if it was written by a
  ///          newer version; errc::full or errc::busy if it can't be written now: then call start()
  ///          again later. After any other of these errors the engine is closed.
  void start();
  using client::start;  // starts a run: engine.start(MoveMoney, "transfer-42", …)

  /// Sets how long the runs of a namespace are kept after their end, instead of
  /// engine_options::retention. Zero means for ever. Call it before every start: the time isn't
  /// kept in the store.
  ///     engine.retain("default", 30 * 24h);
  /// Throws   errc::usage after start(), for a negative time, and for a text that can't be the name
  ///          of a namespace.
  void retain(std::string_view name_space, duration after_end);
  template <class D>
    requires(!std::convertible_to<D, duration>)
  void retain(std::string_view, D) {
    detail::refuse_length<D>();
  }
  /// Returns a client for a namespace: a part of the store with ids, lists and tables of its own. A
  /// name has 1 to 64 bytes, none of them zero. A namespace exists as soon as it is used. The
  /// engine itself is the client of "default". The client is cheap to copy, and usable as long as
  /// the engine is open.
  ///     engine.in("tenant-7").start(Pay, "pay-1", order);
  /// Throws   errc::usage (the name).
  client in(std::string_view name_space) const;

  /// Closes the engine: no step begins any more, bodies that run are asked to stop and waited for,
  /// what was decided is committed and checkpointed, the store is released. Steps that were queued
  /// count as not started, and bodies that end by an exception now count as cut short: see
  /// stet::stopped. Runs that are ready are driven once; the next engine does what follows from
  /// that. Callers that wait for the end of a run get errc::closed when the close begins. A second
  /// call waits until the first has ended, and does nothing else.
  /// Throws   errc::usage from a step's body or another thread of the engine's own; errc::full,
  ///          errc::busy or errc::store if the last commit fails: what was acknowledged is safe.
  void close();
  /// Closes the engine, and waits no longer than `limit` for bodies. A body that has not returned
  /// by then is abandoned, as a crash would leave it: its result doesn't count, its step is
  /// attempted again when an engine has the store next (or ends with step_interrupted), and the
  /// memory that it may refer to (its run's variables, the engine's) is never freed. The host may
  /// then destroy its clock, listener and entropy, but not what such a body itself uses, nor an
  /// interceptor in which a body is running. For a process that is about to end: it may end while
  /// they run. A close that is under way isn't shortened: a second call waits for its end, and
  /// returns false if `limit` passes first.
  ///     if (!engine.close(10s)) std::quick_exit(0);
  /// Returns  true if the engine is closed, and no body was abandoned.
  /// Throws   as close(); errc::usage for a negative time.
  bool close(duration limit);
  template <class D>
    requires(!std::convertible_to<D, duration>)
  bool close(D) {
    detail::refuse_length<D>();
    return false;
  }

  /// In manual mode: does what can be done now without waiting. Returns whether it did anything.
  /// Throws   errc::usage if the engine has threads of its own.
  bool poll();
  /// In manual mode: calls poll() until there is nothing to do at this moment, or until `limit` has
  /// passed by the engine's clock, since runs that keep each other busy never leave it idle. A poll
  /// that has begun is not cut short, nor is a body in it. Returns true if there is nothing to do;
  /// after false, next_wakeup() says now.
  /// Throws   as poll(); errc::usage for a negative time.
  bool run_until_idle(duration limit = std::chrono::seconds(10));
  template <class D>
    requires(!std::convertible_to<D, duration>)
  bool run_until_idle(D) {
    detail::refuse_length<D>();
    return false;
  }
  /// In manual mode: returns when poll() is worth calling again, as the wall clock will show it if
  /// it isn't set until then; that is now if the last poll did something. Returns an empty optional
  /// if only a call from outside can bring work. For the operating system's alarm, before the app
  /// is suspended. After the wall clock was set, ask again.
  /// Throws   as poll().
  std::optional<time_point> next_wakeup();
  /// The same as a length of time from now on, zero if it is now: what a loop gives to poll(2) or
  /// to a condition variable. Setting the wall clock doesn't change it, unless the workflow sleeps
  /// until a time of day (context::sleep_until); so let a loop wait for no more than a minute.
  /// Throws   as poll().
  std::optional<duration> time_to_next_wakeup();

  /// For tests and tools that ship with Stet.
  detail::engine_core& internals() noexcept { return *core_; }

 private:
  void add(std::string_view name, const workflow_options&, std::unique_ptr<detail::definition>);
  void add(std::unique_ptr<detail::declared_error>);

  detail::engine_core* core_;  // what the client has, by its own type
};

}}  // namespace stet::v0
