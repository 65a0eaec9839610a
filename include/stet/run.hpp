// A run from outside: its handle, what an operator sees of it, and the engine without types, which
// both stand on.
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
#include <stet/listing.hpp>
#include <stet/names.hpp>
#include <stet/options.hpp>
#include <stet/store.hpp>
#include <stet/task.hpp>

namespace stet { inline namespace v0 {

/// Something a run waits for.
struct pending_info {
  std::string kind;      ///< "step", "sleep", "child", "condition", "promise", "message"; "start"
                         ///< of a run that was started with a delay
  std::string name;      ///< the step's, the child's workflow's, the promise's; "signal 'approved'"
  std::string detail;    ///< step: arguments in short; child: its id; promise: its token
  unsigned attempt = 0;  ///< step: the attempt that runs, ran last or will run next
  std::string last_error;  ///< step: what its last failed attempt said
  /// Sleep: when it ends; step: when the next attempt begins; start: when the run begins; else
  /// zero.
  time_point due{};
};

/// What an operator asks about a run.
struct run_info {
  std::string id;
  std::string workflow;
  std::string version;    ///< of the workflow, that it is pinned to; empty: none
  std::uint64_t run = 0;  ///< the run's number
  stet::status status = status::running;
  std::string reason;         ///< why it is stalled, failed, cancelled or terminated
  std::uint64_t records = 0;  ///< of its history
  time_point started{};
  time_point closed{};          ///< when it ended; zero: it hasn't
  std::uint64_t parent = 0;     ///< the run that waits for it, or 0
  std::uint64_t previous = 0;   ///< the run that it continues, or 0; it may have been erased
  std::uint64_t next = 0;       ///< the run that continues it, or 0
  time_point next_wakeup{};     ///< when it goes on by itself; zero: it doesn't
  unsigned unread_signals = 0;  ///< that were sent to it and that it has not read
  unsigned open_updates = 0;    ///< that were accepted and have no answer yet
  stet::attributes attributes;  ///< its search attributes
  std::string memo;             ///< its memo, a payload: `stet::decode<order>(info.memo)`
  std::string details;          ///< what it says of itself: context::set_details
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

/// A run: by its number, or (0) the latest of an id.
struct run_ref {
  std::uint64_t run = 0;
  std::string_view name_space, id;
};
struct start_result {
  std::uint64_t run = 0;
  bool created = false;
};
struct run_outcome {
  v0::status status = v0::status::running;
  std::string payload;
  failure error;
};
struct STET_API start_request {
  start_request() = default;
  /// Packs what the options refer to. Throws errc::usage.
  start_request(std::string_view id, std::string arguments, const start_options& o);
  std::string id, arguments, attributes, memo;
  id_conflict conflict = id_conflict::use_existing;
  id_reuse reuse = id_reuse::use_existing;
  duration delay{}, run_timeout{}, execution_timeout{};
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
  static std::vector<start_result> start(engine_core&, std::string_view name_space,
                                         std::string_view workflow, std::vector<start_request>);
  static std::optional<start_result> find(engine_core&, std::string_view workflow, run_ref);
  /// Waits for the end (nullopt: no limit); nullopt if the time was up. Throws run_stalled,
  /// not_found, closed.
  static std::optional<run_outcome> wait(engine_core&, run_ref, std::optional<duration> limit);
  static v0::status status(engine_core&, run_ref);
  static void cancel(engine_core&, run_ref, std::string_view reason);
  static void terminate(engine_core&, run_ref, std::string_view reason);
  static void move(engine_core&, run_ref, std::string_view version);
  [[noreturn]] static void raise(engine_core&, std::string_view id, const run_outcome&);
  static void signal(engine_core&, run_ref, const signal_request&);
  static std::string query(engine_core&, run_ref, std::string_view name,
                           std::string_view arguments);
  /// Nothing if the time was up.
  static std::optional<update_outcome> update(engine_core&, run_ref, const update_request&,
                                              update_stage until, std::optional<duration> limit);
  [[noreturn]] static void raise_update(engine_core&, std::string_view name, const failure&);
  static start_result start_with(engine_core&, std::string_view name_space,
                                 std::string_view workflow, const start_request&,
                                 const signal_request&);
  static std::pair<start_result, update_outcome> start_with(
      engine_core&, std::string_view name_space, std::string_view workflow, const start_request&,
      const update_request&, update_stage until);
  static bool answer_promise(engine_core&, std::string_view promise, std::string_view token,
                             std::string_view payload, const failure* rejected);
  static std::string read_blob(engine_core&, std::string_view name_space, const blob&,
                               std::uint64_t offset, std::uint64_t length);
  static void transact(engine_core&, std::string_view name_space, transact_function&);
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
    auto o = detail::core::update(*core_, {run_, name_space_, run_id_}, request_,
                                  detail::update_stage::attached, std::nullopt);
    return detail::take<R>(*core_, request_.name, *o);
  }
  /// Waits for its answer, no longer than `limit`. True if it is there.
  bool wait_for(duration limit) const {
    return detail::core::update(*core_, {run_, name_space_, run_id_}, request_,
                                detail::update_stage::attached, limit)
        .has_value();
  }

 private:
  template <class> friend class run_handle;
  friend class client;
  update_handle(std::shared_ptr<detail::engine_core> c, std::uint64_t run, std::string name_space,
                std::string run_id, std::string_view name, std::string id)
      : core_(std::move(c)),
        run_(run),
        name_space_(std::move(name_space)),
        run_id_(std::move(run_id)),
        request_{name, std::move(id), {}} {}
  std::shared_ptr<detail::engine_core> core_;
  std::uint64_t run_;
  std::string name_space_, run_id_;
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
    auto o = detail::core::wait(*core_, ref(), std::nullopt);
    if (o->status != v0::status::completed) detail::core::raise(*core_, id_, *o);
    return decode<R>(o->payload);
  }
  /// Waits for the end, no longer than `limit`. True if the run has ended (or is stalled).
  bool wait_for(duration limit) const {
    return detail::core::wait(*core_, ref(), limit).has_value();
  }
  v0::status status() const { return detail::core::status(*core_, ref()); }
  /// Asks the run to end: its awaits throw stet::cancelled, it may clean up. A run that begins
  /// later (start_options::delay) ends at once, and none of its code runs. No effect on a run that
  /// has ended. Durable  when it returns, the request is.
  void cancel(std::string_view reason = {}) const { detail::core::cancel(*core_, ref(), reason); }
  /// Ends the run without asking it: no code of the workflow runs any more. Its open children are
  /// terminated as well. Durable  when it returns, the end is.
  void terminate(std::string_view reason = {}) const {
    detail::core::terminate(*core_, ref(), reason);
  }
  /// Moves the run to another version of its workflow, which from its next event on drives it: a
  /// replay of its whole history by that version comes first. A run that is stalled goes on.
  ///     run.move_to("2");
  ///
  /// Throws   errc::rejected with the two records that differ, if the history doesn't fit: the run
  ///          stays with its version; errc::unknown_workflow if the version isn't defined;
  ///          errc::conflict while the body of a step runs that refers to the run's own variables;
  ///          errc::run_ended.
  /// Durable  when it returns, the move is.
  void move_to(std::string_view version) const { detail::core::move(*core_, ref(), version); }

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
    detail::core::signal(*core_, ref(), q);
  }
  void signal(const v0::signal<void>& s, signal_options o = {}) const {
    detail::core::signal(*core_, ref(), {s.text(), detail::null_payload(), o.idempotency_key});
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
    return decode<Q>(detail::core::query(*core_, ref(), q.text(), b));
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
    auto answer = detail::core::update(*core_, ref(), request_of(u, o, std::move(arguments)...),
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
    auto sent = detail::core::update(*core_, ref(), request_of(u, o, std::move(arguments)...),
                                     detail::update_stage::accepted, std::nullopt);
    return update_handle<U>(core_, sent->run, name_space_, id_, u.text(), std::move(sent->id));
  }

 private:
  friend class client;
  template <class U, class... A>
  static detail::update_request request_of(const v0::update<U(A...)>& u, update_options o,
                                           std::type_identity_t<A>... arguments) {
    detail::update_request q{u.text(), std::string(o.id), {}};
    encode(q.arguments, std::tuple<A...>(std::move(arguments)...));
    return q;
  }
  run_handle(std::shared_ptr<detail::engine_core> c, std::string name_space, std::string id,
             detail::start_result s)
      : core_(std::move(c)),
        name_space_(std::move(name_space)),
        id_(std::move(id)),
        run_(s.run),
        created_(s.created) {}
  detail::run_ref ref() const noexcept { return {run_, name_space_, id_}; }
  std::shared_ptr<detail::engine_core> core_;
  std::string name_space_;
  std::string id_;
  std::uint64_t run_;
  bool created_;
};

}}  // namespace stet::v0
