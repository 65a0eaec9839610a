// The handles of a run and of an update, from outside.
#pragma once
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <stet/codec.hpp>
#include <stet/error.hpp>
#include <stet/impl/guesses.hpp>
#include <stet/impl/port.hpp>
#include <stet/kinds.hpp>
#include <stet/names.hpp>
#include <stet/options.hpp>
#include <stet/time.hpp>

namespace stet { inline namespace v0 {
namespace detail {

/// Returns the result of an update that was answered, or throws its error.
template <class R> R take(const engine_port& e, std::string_view name, const update_outcome& o) {
  if (o.error) e.raise(errc::update_failed, name, *o.error);
  if constexpr (!std::is_void_v<R>) return stet::decode<R>(o.payload);
}

}  // namespace detail

/// An update that was accepted by a run. Cheap to copy; usable as long as its engine is open.
///
/// Thread   any but the engine's own.
template <class R> class update_handle {
 public:
  /// Returns the id of this request: see update_options::id.
  const std::string& id() const noexcept { return request_.id; }
  /// Waits for the answer.
  ///
  /// Returns  what the handler returned.
  /// Throws   what the handler let escape, if its type is declared, else stet::update_failed;
  ///          errc::run_ended if the run ended without an answer; errc::not_found if the run was
  ///          erased; errc::run_stalled, errc::closed.
  /// Durable  when it returns, the answer is.
  R result() const { return detail::take<R>(*engine_, request_.name, *answer(std::nullopt)); }
  /// Waits for the answer, no longer than `limit`. Returns whether it has come.
  /// Throws   as result, except what the handler let escape.
  bool wait_for(duration limit) const { return answer(limit).has_value(); }
  template <class D>
    requires(!std::convertible_to<D, duration>)
  bool wait_for(D) const {
    detail::refuse_length<D>();
    return false;
  }

 private:
  template <class> friend class run_handle;
  friend class client;
  std::optional<detail::update_outcome> answer(std::optional<duration> limit) const {
    return engine_->perform(detail::update_run{.target = {run_, name_space_, run_id_},
                                               .update = request_,
                                               .until = detail::update_stage::attached,
                                               .limit = limit});
  }
  update_handle(std::shared_ptr<detail::engine_port> e, std::uint64_t run, std::string name_space,
                std::string run_id, std::string_view name, std::string id)
      : engine_(std::move(e)),
        run_(run),
        name_space_(std::move(name_space)),
        run_id_(std::move(run_id)),
        request_{name, std::move(id), {}} {}
  std::shared_ptr<detail::engine_port> engine_;
  std::uint64_t run_;
  std::string name_space_, run_id_;
  detail::update_request request_;
};

/// One run of a workflow that returns `R`. Cheap to copy; usable as long as its engine is open.
///
/// Throws   stet::error from every call, as client; errc::not_found if the run was erased.
/// Thread   any but the engine's own.
template <class R> class run_handle {
 public:
  /// Returns the workflow id of the run.
  const std::string& id() const noexcept { return id_; }
  /// Returns false if a run with this id existed already: then this is that run.
  bool created() const noexcept { return created_; }

  /// Waits for the end of the run; if it was continued as new, for the end of the last run of its
  /// chain.
  ///
  /// Returns  what the workflow returned.
  /// Throws   what the workflow let escape, if its type is declared by engine.define, else
  ///          stet::run_failed; run_cancelled, run_terminated, run_timed_out; error with
  ///          errc::run_stalled if it is stalled; errc::closed, errc::payload.
  /// Durable  when it returns, the result is.
  R result() const {
    auto o = engine_->perform(detail::await_run{.target = ref(), .limit = std::nullopt});
    if (o->status != v0::status::completed) detail::raise_outcome(*engine_, id_, *o);
    return decode<R>(o->payload);
  }
  template <std::same_as<R> T>
    requires(!std::is_void_v<R>)
  operator T() const {
    static_assert(detail::never<T>,
                  "stet: this is a handle of the run: call result(), which waits for its end");
  }
  /// Waits for the end, no longer than `limit`. Returns true if the run has ended, or is stalled.
  bool wait_for(duration limit) const {
    return engine_->perform(detail::await_run{.target = ref(), .limit = limit}).has_value();
  }
  /// Returns what the run is doing; for a run that was continued as new, what the last run of the
  /// chain is doing.
  v0::status status() const { return engine_->perform(detail::status_of_run{.target = ref()}); }
  /// Asks the run to end: its awaits throw stet::cancelled, and it may clean up. A run that begins
  /// later (start_options::delay) ends at once, and none of its code runs. A stalled run gets the
  /// request when it goes on; admin::describe shows the request until then. No effect on a run that
  /// has ended.
  /// Throws   errc::usage for a reason of more than 20 KiB, and for an entity, whose state would be
  ///          lost: terminate() ends it.
  /// Durable  when it returns, the request is.
  void cancel(std::string_view reason = {}) const {
    engine_->perform(detail::cancel_run{.target = ref(), .reason = reason});
  }
  /// Ends the run without asking it: no code of the workflow runs after that. Its open children
  /// meet this end as their options say (stet::parent_close). No effect on a run that has ended.
  /// Throws   errc::usage for a reason of more than 20 KiB.
  /// Durable  when it returns, the end is.
  void terminate(std::string_view reason = {}) const {
    engine_->perform(detail::terminate_run{.target = ref(), .reason = reason});
  }
  /// Moves the run to another version of its workflow, which drives it from its next event on.
  /// First that version replays the run's whole history. A stalled run goes on.
  ///     run.move_to("2");
  ///
  /// Throws   errc::rejected with the two records that differ, if the history doesn't fit: then the
  ///          run stays with its version; errc::unknown_workflow if the version isn't defined;
  ///          errc::conflict while the body of a step runs that refers to the run's own variables;
  ///          errc::run_ended.
  /// Durable  when it returns, the move is.
  void move_to(std::string_view version) const {
    engine_->perform(detail::move_run{.target = ref(), .version = version});
  }

  /// Sends a signal: the run reads it with context::receive, now or later. If the run was continued
  /// as new, the last run of the chain gets it; so it is for a query and an update.
  ///     run.signal(Approved, true);
  ///
  /// Throws   errc::run_ended, unless the run was sent the signal's key before; errc::usage for the
  ///          key; errc::payload if the value is too long.
  /// Durable  when it returns, the signal is.
  template <class T>
    requires(!std::is_void_v<T>)
  void signal(const v0::signal<T>& s, const std::type_identity_t<T>& value,
              const signal_options& o = {}) const {
    detail::signal_request q{s.text(), {}, o.idempotency_key};
    encode<T>(q.payload, value);
    engine_->perform(detail::signal_run{.target = ref(), .signal = std::move(q)});
  }
  void signal(const v0::signal<void>& s, const signal_options& o = {}) const {
    engine_->perform(detail::signal_run{
        .target = ref(), .signal = {s.text(), detail::null_payload(), o.idempotency_key}});
  }

  /// Asks the run something: its handler (context::on) answers, and sees everything that was
  /// acknowledged before. A run that has ended answers from its state at the end: a run that
  /// completed from the state in which it returned; a run that failed or was cancelled from the
  /// state before its last event.
  ///     auto text = run.query(Status);
  ///
  /// Throws   errc::not_found if it has no such handler at the moment; errc::run_stalled; what the
  ///          handler throws.
  /// Durable  when it returns, everything that the answer depends on is. Nothing is recorded; but a
  ///          run that today's code doesn't fit is stalled by it, as when it wakes.
  template <class Q, class... A>
  Q query(const v0::query<Q(A...)>& q, std::type_identity_t<A>... arguments) const {
    std::string b;
    encode(b, std::tuple<A...>(std::move(arguments)...));
    return decode<Q>(
        engine_->perform(detail::query_run{.target = ref(), .name = q.text(), .arguments = b}));
  }

  /// Sends an update and waits for its answer: update_handle::result().
  ///     auto size = run.update(Add, item);
  ///
  /// Throws   errc::rejected, with the validator's text, if the validator refuses it, or if there
  ///          is no handler; errc::payload if the arguments are too long; errc::run_ended,
  ///          errc::run_stalled; as update_handle::result.
  template <class U, class... A>
  U update(const v0::update<U(A...)>& u, std::type_identity_t<A>... arguments) const {
    return update(u, update_options{}, std::move(arguments)...);
  }
  template <class U, class... A>
  U update(const v0::update<U(A...)>& u, const update_options& o,
           std::type_identity_t<A>... arguments) const {
    auto answer = send(request_of(u, o, std::move(arguments)...), detail::update_stage::answered);
    return detail::take<U>(*engine_, u.text(), answer);
  }
  /// Sends an update and waits until it is accepted: from then on its handler will run to its end,
  /// whatever crashes. With the id of an update that was accepted before, also if the run has ended
  /// since, it returns that one's handle.
  /// Throws   errc::rejected, errc::payload, errc::run_ended and errc::run_stalled, as update.
  /// Durable  when it returns, the update is.
  template <class U, class... A>
  update_handle<U> start_update(const v0::update<U(A...)>& u,
                                std::type_identity_t<A>... arguments) const {
    return start_update(u, update_options{}, std::move(arguments)...);
  }
  template <class U, class... A>
  update_handle<U> start_update(const v0::update<U(A...)>& u, const update_options& o,
                                std::type_identity_t<A>... arguments) const {
    auto sent = send(request_of(u, o, std::move(arguments)...), detail::update_stage::accepted);
    return update_handle<U>(engine_, sent.run, name_space_, id_, u.text(), std::move(sent.id));
  }

  // ---------------------------------------------- compile errors that say what to write
  template <detail::text S, class... X> void signal(const S&, X&&...) const {
    detail::refuse_signal_by_text<S>();
  }
  template <class T>
    requires(!std::is_void_v<T>)
  void signal(const v0::signal<T>&) const {
    detail::refuse_signal_value<T>();
  }
  template <class T, class V>
    requires(!std::convertible_to<V, detail::value_or_none<T>>)
  void signal(const v0::signal<T>&, V&&, const signal_options& = {}) const {
    detail::refuse_signal_value<T>();
  }
  template <detail::text S, class... X> int query(const S&, X&&...) const {
    detail::refuse_query_by_text<S>();
    return 0;
  }
  template <detail::text S, class... X> int update(const S&, X&&...) const {
    detail::refuse_update_by_text<S>();
    return 0;
  }
  template <class D>
    requires(!std::convertible_to<D, duration>)
  bool wait_for(D) const {
    detail::refuse_length<D>();
    return false;
  }
  template <class D> R result(D) const {
    static_assert(detail::never<D>,
                  "stet: result() waits for the end, however long that takes. With a limit: "
                  "if (run.wait_for(5s)) use(run.result())");
  }

 private:
  friend class client;
  detail::update_outcome send(detail::update_request&& q, detail::update_stage until) const {
    return *engine_->perform(detail::update_run{
        .target = ref(), .update = std::move(q), .until = until, .limit = std::nullopt});
  }
  template <class U, class... A>
  static detail::update_request request_of(const v0::update<U(A...)>& u, const update_options& o,
                                           std::type_identity_t<A>... arguments) {
    detail::update_request q{u.text(), std::string(o.id), {}};
    encode(q.arguments, std::tuple<A...>(std::move(arguments)...));
    return q;
  }
  run_handle(std::shared_ptr<detail::engine_port> e, std::string name_space, std::string id,
             detail::start_result s)
      : engine_(std::move(e)),
        name_space_(std::move(name_space)),
        id_(std::move(id)),
        run_(s.run),
        created_(s.created) {}
  detail::run_ref ref() const noexcept { return {run_, name_space_, id_}; }
  std::shared_ptr<detail::engine_port> engine_;
  std::string name_space_;
  std::string id_;
  std::uint64_t run_;
  bool created_;
};

}}  // namespace stet::v0
