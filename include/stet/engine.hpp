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

/// How an engine works. Zero is explained where it is allowed.
struct engine_options {
  /// Threads for the bodies of steps. A body that waits for a run of this engine (result, wait_for,
  /// an update) doesn't count: another thread takes its place, up to 256; beyond that its call
  /// throws errc::usage. At most 4096. 0: manual mode, no thread of ours; poll(), run_until_idle()
  /// and whatever waits drive the engine on the caller's thread.
  unsigned threads = 4;
  /// Idle coroutines kept in memory; more are destroyed and rebuilt by replay when an event comes.
  /// 0: none is kept.
  std::size_t resident_runs_max = 100'000;
  /// Journal that is kept before it is checkpointed, in bytes; about what a start has to read, and
  /// what is in memory of it at most. Runs that are shorter than this are written most cheaply.
  /// After a start that has runs to resume, up to four times as much, until they are going again.
  /// At most an eighth of the longest value of the store (128 MiB): more counts as that.
  std::size_t tail_bytes_max = 16u << 20;
  /// A step that was running when the process died twice is tried alone among such suspects, after
  /// the first death already if no other step was running; after so many deaths while it was tried
  /// alone it fails with step_crashed. A workflow's own code is tried with the event that it died
  /// of, and its run is stalled. The first death makes a suspect and doesn't count. 0: never.
  unsigned max_crashes = 3;
  /// What acknowledged means. Anything but sync may lose, at a power cut, the latest acknowledged
  /// work.
  durability commits = durability::sync;
  /// Every n-th event is followed by a replay of its run's whole history, which must come to the
  /// same, or the run is stalled before anything comes of it; a history of more than 2.5 n records
  /// waits longer, so that the check costs a step the same in a short run and in a long one. 1 in
  /// tests: every event. 0: never.
  unsigned replay_check_interval = 1000;
  /// How long a run is kept after its end; then it is erased, as admin::erase does. Of a chain of
  /// runs that goes on the latest that have ended are kept longer
  /// (docs/decisions/chains-and-retention.md). Zero: for ever. Of a single namespace:
  /// engine::retain.
  duration retention{};
  /// A workflow whose code computes for so long without an await is named to the listener, while it
  /// still does (in manual mode, afterwards): it holds every other run up. Zero: none is.
  duration watchdog{1000};
  /// The longest payload, in bytes, before any transform: an argument list, a result, a signal, an
  /// entry of a table, what a heartbeat or an error says. More is refused where it is made, with
  /// errc::payload; a step whose result is longer fails, and isn't tried again. What a run itself
  /// makes is held against the limit that it began with. At most payload_bytes_ceiling, and a
  /// sixteenth of the longest value of the store.
  std::size_t payload_bytes_max = 4u << 20;
  /// What is made of every payload before it is stored, in this order, and undone in the other one:
  /// {stet::zstd(), keys}. What was stored without them, or with others that are here too, is read
  /// as well (unless payload_transform::is_required).
  std::vector<std::shared_ptr<payload_transform>> transforms{};
  stet::clock* clock = nullptr;        ///< nullptr: the machine's
  stet::entropy* entropy = nullptr;    ///< nullptr: the machine's
  stet::executor* executor = nullptr;  ///< nullptr: `threads` threads of the engine's own
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
/// Throws   stet::error from every call: errc::usage for nonsense, errc::closed after close,
///          errc::store and errc::full when the store fails. After a failed commit of unknown
///          outcome the engine is closed; open it anew.
/// Thread   define before start, from one thread; afterwards every call from any thread but the
///          engine's own (a workflow, a step's body in manual mode): those that wait throw
///          errc::usage there.
class STET_API engine : public client {
 public:
  explicit engine(std::unique_ptr<store> s, engine_options o = {});
  /// close(), without a throw.
  ~engine();
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  /// Says what a workflow does. The body: `stet::task<R> (stet::context&, Args…)`, exactly; the
  /// engine keeps it.
  /// Throws   errc::conflict if the name is defined already, errc::usage after start().
  template <class R, class... A, class F>
    requires(!std::is_convertible_v<F, task<R> (*)(context&, A...)>)
  void define(const workflow<R(A...)>& name, F&& body) {
    define(name, workflow_options{}, std::forward<F>(body));
  }
  /// The same for a plain function, or for the one of several overloads that fits.
  template <class R, class... A>
  void define(const workflow<R(A...)>& name,
              std::type_identity_t<task<R> (*)(context&, A...)> body) {
    define(name, workflow_options{}, body);
  }
  /// One of several versions of a workflow: runs begin with the one that is defined last, and stay
  /// with the one that they began with, or were moved to.
  ///     engine.define(Pay, pay_as_it_was);                 // for runs that began with it
  ///     engine.define(Pay, {.version = "2"}, pay);         // for new ones
  ///
  /// What is started by a run, and what continues one, is a new run. A run whose version isn't
  /// defined is stalled until it is, or until it is moved: run_handle::move_to.
  /// Throws   as above; errc::conflict if the version is defined already.
  template <class R, class... A, class F>
    requires(!std::is_convertible_v<F, task<R> (*)(context&, A...)>)
  void define(const workflow<R(A...)>& name, workflow_options options, F&& body) {
    using kept = std::decay_t<F>;
    if constexpr (detail::check_workflow<kept, R, A...>())
      add(name.text(), options.version,
          std::make_unique<detail::definition_of<kept, R, A...>>(std::forward<F>(body)));
  }
  template <class R, class... A>
  void define(const workflow<R(A...)>& name, workflow_options options,
              std::type_identity_t<task<R> (*)(context&, A...)> body) {
    using kept = task<R> (*)(context&, A...);
    if constexpr (detail::check_workflow<kept, R, A...>())
      add(name.text(), options.version,
          std::make_unique<detail::definition_of<kept, R, A...>>(body));
  }
  /// Says what an entity does: a handler for each update and query, made by stet::on. Needs
  /// <stet/entity.hpp>.
  /// Throws   as above.
  ///     engine.define(Cart, stet::on(Add, add_to_cart), stet::on(Items, items_of));
  template <class S, class... H>
    requires(!std::is_same_v<H, workflow_options> && ...)
  void define(const entity<S>& name, H... handlers) {
    define(name, workflow_options{}, std::move(handlers)...);
  }
  /// One of several versions of an entity. It goes over to the latest one when it continues as new.
  template <class S, class... H>
  void define(const entity<S>& name, workflow_options options, H... handlers) {
    static_assert(sizeof...(H) > 0, "stet: an entity answers something: stet::on(Add, …)");
    if constexpr ((detail::check_entity_handler<S>(static_cast<const H*>(nullptr)) && ...))
      add(name.text(), options.version,
          std::make_unique<detail::entity_definition<S, H...>>(name.as_workflow(),
                                                               std::move(handlers)...));
  }
  /// Lets an exception type cross the journal as itself, through steps, children and result().
  /// Declared means final: a step that throws it is not retried.
  template <class E> void define(const error_type<E>& name) {
    if constexpr (detail::require_codec<E>())
      add(std::make_unique<detail::declared_error_of<E>>(name.text()));
  }

  /// Tells which open runs start() would stall, before anything is run: each is replayed by what is
  /// defined now, as far as its history goes and by what has come for it since. Of those that would
  /// be stalled the first `listed_max` are listed.
  ///     if (engine.preview().stalled_runs > 0) return roll_back();
  ///
  /// Writes nothing: whichever build owned the store goes on with it. Runs the code of workflows,
  /// no step, and forgets what comes of it.
  /// Throws   as start(); errc::usage after start().
  /// Cost     a replay of every open run, one after the other; memory as start() needs it.
  start_preview preview(std::size_t listed_max = 1000);
  /// Takes the store over, reads what its journal holds and resumes every run that a crash or a
  /// close cut short.
  /// Throws   store_error: errc::conflict if another engine owns the store, errc::corrupt if it
  ///          can't be trusted (nothing is executed then), errc::store if it was written by a newer
  ///          version; errc::full if there is no room to take it over: call it again when there is.
  void start();
  using client::start;  // of a run: engine.start(MoveMoney, "transfer-42", …)

  /// How long the runs of a namespace are kept after their end, instead of
  /// engine_options::retention. Zero: for ever. Before start, each time: it isn't kept in the
  /// store.
  ///     engine.retain("default", 30 * 24h);
  /// Throws   errc::usage after start(), and for a negative time.
  void retain(std::string_view name_space, duration after_end);
  /// The runs of a namespace: a part of the store where ids, lists and the user's tables are of
  /// their own. A name of 1 to 64 bytes; a namespace is there as soon as it is used. The engine
  /// itself is the client of "default". Cheap to copy, usable as long as the engine is open.
  ///     engine.in("tenant-7").start(Pay, "pay-1", order);
  /// Throws   errc::usage (the name).
  client in(std::string_view name_space) const;

  /// Stops: no step begins any more, bodies that run are asked to stop and waited for, what was
  /// decided is committed and checkpointed, the store is released. Steps that were queued count as
  /// not started, and bodies that end by an exception now were cut short: see stet::stopped. Runs
  /// that are ready are driven once; what that brings is done by the next engine. Callers that wait
  /// for the end of a run get errc::closed when the close begins. Idempotent.
  void close();
  /// The same, and waits no longer than `limit` for bodies: those that have not returned by then
  /// are left behind, as a crash would leave them. Their results count nothing, their steps are
  /// attempted again when an engine has the store next (or end with step_interrupted), and what
  /// they may refer to (their run's variables, the engine's memory) is never freed. The host may
  /// destroy its clock, listener and entropy, and not what such a body uses itself, an interceptor
  /// that it is in among that. For a process
  /// that is about to end: it may end while they run. True: none was left.
  ///     if (!engine.close(10s)) std::quick_exit(0);
  /// Throws   as close(); errc::usage for a negative time. A close that is under way isn't
  ///          shortened.
  bool close(duration limit);

  /// Manual mode: does what can be done now without waiting. Returns whether it did anything.
  bool poll();
  /// Manual mode: poll() until there is nothing to do at this moment, or `limit` has passed by the
  /// engine's clock: runs that keep each other busy never leave it idle. A poll that has begun is
  /// not cut short, nor is a body in it. Returns whether there is nothing to do; if there is,
  /// next_wakeup() says now.
  /// Throws   as poll(); errc::usage for a negative time.
  bool run_until_idle(duration limit = std::chrono::seconds(10));
  /// Manual mode: when poll() is worth calling again, now if it did something the last time,
  /// nothing if only a call from outside can bring work. For the operating system's alarm, before
  /// the app is suspended.
  std::optional<time_point> next_wakeup();

  /// For tests and tools that ship with Stet.
  detail::engine_core& internals() noexcept { return *core_; }

 private:
  void add(std::string_view name, std::string_view version, std::unique_ptr<detail::definition>);
  void add(std::unique_ptr<detail::declared_error>);

  detail::engine_core* core_;  // what the client has, as what it is
};

}}  // namespace stet::v0
