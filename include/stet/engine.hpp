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
};

/// Something a run waits for.
struct pending_info {
  std::string kind;        ///< "step", "sleep", "child"
  std::string name;        ///< the step's or the child's workflow's name
  std::string detail;      ///< step: arguments in short; child: its id
  unsigned attempt = 0;    ///< step: the attempt that runs, ran last or will run next
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
  std::vector<pending_info> waits_for;
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
};
}  // namespace detail

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
  ///          run_cancelled, run_terminated; error with errc::run_stalled if it is parked;
  ///          errc::closed, errc::payload.
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

 private:
  friend class engine;
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
    std::vector<detail::start_request> one(1);
    one[0].id = id;
    encode(one[0].arguments, std::tuple<A...>(std::move(arguments)...));
    auto started = detail::core::start(*core_, w.text(), std::move(one));
    return run_handle<R>(core_, std::string(id), started.at(0));
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
  void add(std::string_view name, std::unique_ptr<detail::definition>);
  void add(std::unique_ptr<detail::declared_error>);
  std::shared_ptr<detail::engine_core> core_;
};

}}  // namespace stet::v0
