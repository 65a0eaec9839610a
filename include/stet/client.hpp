// A client: starts runs, finds them and talks to them from outside. The engine is a client itself.
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

#include <stet/admin.hpp>
#include <stet/codec.hpp>
#include <stet/error.hpp>
#include <stet/export.hpp>
#include <stet/impl/guesses.hpp>
#include <stet/impl/port.hpp>
#include <stet/listing.hpp>
#include <stet/names.hpp>
#include <stet/options.hpp>
#include <stet/run.hpp>
#include <stet/transaction.hpp>

namespace stet { inline namespace v0 {

template <class S> class entity;

/// The runs of one namespace of an engine. Cheap to copy; usable as long as the engine is open.
///
/// Throws   stet::error from every call: errc::usage for an argument that makes no sense;
///          errc::closed after close; errc::full while the store has no room; errc::busy while
///          another program holds the store, or while a body holds the engine
///          (docs/guide/queries-and-updates.md); errc::store when the store fails. errc::full and
///          errc::busy end by themselves.
/// Thread   any but the engine's own (a workflow, a transaction, an inline step, in manual mode any
///          step's body): there every call throws errc::usage.
class STET_API client {
 public:
  /// Starts a run, or returns the one that has this id already: the id is the idempotency key.
  ///     auto run = engine.start(MoveMoney, "transfer-42", {"ann", "bob", 1000});
  ///
  /// `id` is 1 to 200 bytes of any value.
  /// Throws   errc::unknown_workflow; errc::usage for the id; errc::conflict if the id belongs to a
  ///          run of another workflow; errc::payload if the arguments are too long.
  /// Durable  when it returns, the run is.
  template <class R, class... A>
  run_handle<R> start(const workflow<R(A...)>& w, std::string_view id,
                      std::type_identity_t<A>... arguments) {
    return start(w, id, start_options{}, std::move(arguments)...);
  }
  /// Starts a run with options: what to do if the id is taken, a delay, time-outs.
  ///     engine.start(Remind, "remind-7", {.delay = 24h}, text);
  ///
  /// Throws   as above; errc::conflict if the options refuse an id that is taken, errc::usage for a
  ///          negative delay or time-out.
  template <class R, class... A>
  run_handle<R> start(const workflow<R(A...)>& w, std::string_view id, const start_options& options,
                      std::type_identity_t<A>... arguments) {
    detail::start_runs c{.name_space = name_space_, .workflow = w.text(), .runs = {}};
    c.runs.push_back(request_of<A...>(id, options, std::move(arguments)...));
    return run_handle<R>(engine_, name_space_, std::string(id), engine_->perform(c).at(0));
  }
  /// Sends a signal to the open run of this id; if there is none, starts a run and sends it the
  /// signal, in one commit. If it throws, neither is done. A run that has ended is followed by a
  /// new one, unless the options say otherwise.
  ///     engine.signal_with_start(Added, item, Cart, "cart-7", customer);
  ///
  /// Throws   as start() and run_handle::signal.
  /// Durable  when it returns, the run and the signal are.
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
                                  const start_options& options,
                                  std::type_identity_t<A>... arguments) {
    detail::signal_request q{s.text(), {}, {}};
    encode<T>(q.payload, value);
    auto started = engine_->perform(
        detail::start_with_signal{.name_space = name_space_,
                                  .workflow = w.text(),
                                  .run = request_of<A...>(id, options, std::move(arguments)...),
                                  .signal = std::move(q)});
    return run_handle<R>(engine_, name_space_, std::string(id), started);
  }
  /// Sends an update to the open run of this id; if there is none, starts a run and sends it the
  /// update. The run's start, the update and what its handler does at once are one commit. Waits
  /// until the update is accepted. If the update is refused, or can't be sealed, a run that was
  /// started for it stays.
  ///     auto size = engine.update_with_start(Add, std::tuple(item), Cart, "cart-7", c).result();
  ///
  /// Throws   as start() and run_handle::start_update; errc::usage for options with a delay: then
  ///          nothing is started.
  /// Durable  when it returns, the run and the update are.
  template <class U, class... B, class R, class... A>
  update_handle<U> update_with_start(const v0::update<U(B...)>& u,
                                     const std::type_identity_t<std::tuple<B...>>& values,
                                     const workflow<R(A...)>& w, std::string_view id,
                                     std::type_identity_t<A>... arguments) {
    return update_with_start(u, update_options{}, values, w, id,
                             start_options{.reuse = id_reuse::allow}, std::move(arguments)...);
  }
  template <class U, class... B, class R, class... A>
  update_handle<U> update_with_start(const v0::update<U(B...)>& u, const update_options& o,
                                     const std::type_identity_t<std::tuple<B...>>& values,
                                     const workflow<R(A...)>& w, std::string_view id,
                                     const start_options& options,
                                     std::type_identity_t<A>... arguments) {
    detail::update_request q{u.text(), std::string(o.id), {}};
    encode(q.arguments, values);
    auto [started, sent] = engine_->perform(
        detail::start_with_update{.name_space = name_space_,
                                  .workflow = w.text(),
                                  .run = request_of<A...>(id, options, std::move(arguments)...),
                                  .update = std::move(q),
                                  .until = detail::update_stage::accepted});
    return update_handle<U>(engine_, started.run, name_space_, std::string(id), u.text(),
                            std::move(sent.id));
  }
  /// Starts many runs in one commit, as (id, arguments) pairs, under the rules of start(). If it
  /// throws, none of them is started.
  ///     engine.start_all(Hash, std::vector{std::pair(std::string("a"), std::tuple(path_a))});
  ///
  /// Throws   as start(); errc::payload if the runs together have more bytes than one commit takes.
  /// Durable  when it returns, all of the runs are.
  template <class R, class... A>
  std::vector<run_handle<R>> start_all(
      const workflow<R(A...)>& w,
      const std::vector<std::pair<std::string, std::tuple<A...>>>& runs) {
    detail::start_runs c{.name_space = name_space_, .workflow = w.text(), .runs = {}};
    c.runs.resize(runs.size());
    for (std::size_t i = 0; i < runs.size(); ++i) {
      c.runs[i].id = runs[i].first;
      encode(c.runs[i].arguments, runs[i].second);
    }
    auto started = engine_->perform(c);
    std::vector<run_handle<R>> handles;
    handles.reserve(runs.size());
    for (std::size_t i = 0; i < runs.size(); ++i)
      handles.push_back(run_handle<R>(engine_, name_space_, runs[i].first, started.at(i)));
    return handles;
  }
  /// Returns the latest run of this id, open or ended; an empty optional if there is none.
  /// Throws   errc::conflict if the run belongs to another workflow.
  template <class R, class... A>
  std::optional<run_handle<R>> find(const workflow<R(A...)>& w, std::string_view id) {
    auto found =
        engine_->perform(detail::find_run{.workflow = w.text(), .target = {0, name_space_, id}});
    if (!found) return std::nullopt;
    return run_handle<R>(engine_, name_space_, std::string(id), *found);
  }
  /// Answers a promise of a run, by the token that pending_promise::token() gave.
  ///     engine.resolve(Approval, token, decision{true, "ok"});
  ///
  /// Returns  false if the promise was answered before, or if its run has ended: then nothing
  ///          happens.
  /// Throws   errc::not_found for a token that no run of this store has given, errc::usage if the
  ///          token stands for a promise of another name.
  /// Durable  when it returns, the answer is.
  template <class T>
    requires(!std::is_void_v<T>)
  bool resolve(const promise<T>& p, std::string_view token, const std::type_identity_t<T>& value) {
    std::string b;
    encode<T>(b, value);
    return engine_->perform(
        detail::answer_promise{.promise = p.text(), .token = token, .payload = b});
  }
  bool resolve(const promise<void>& p, std::string_view token) {
    return engine_->perform(detail::answer_promise{
        .promise = p.text(), .token = token, .payload = detail::null_payload()});
  }
  /// Rejects a promise of a run: the workflow that waits for it gets stet::promise_rejected with
  /// the reason. Returns, throws and is durable as resolve.
  template <class T> bool reject(const promise<T>& p, std::string_view token, std::string reason) {
    failure f{"stet::promise_rejected", std::move(reason), {}, 1};
    return engine_->perform(
        detail::answer_promise{.promise = p.text(), .token = token, .payload = {}, .rejected = &f});
  }

  /// Sends a signal to the latest run of an id, of whatever workflow, as run_handle::signal does.
  /// Throws   as run_handle::signal; errc::not_found if there is no run of this id, as do query,
  ///          update, cancel and terminate by id.
  ///     engine.signal("order-7", Approved, true);
  template <class T>
    requires(!std::is_void_v<T>)
  void signal(std::string_view id, const v0::signal<T>& s, const std::type_identity_t<T>& value,
              const signal_options& o = {}) {
    named(id).signal(s, value, o);
  }
  void signal(std::string_view id, const v0::signal<void>& s, const signal_options& o = {}) {
    named(id).signal(s, o);
  }
  /// Asks the latest run of an id, as run_handle::query does.
  template <class Q, class... A>
  Q query(std::string_view id, const v0::query<Q(A...)>& q, std::type_identity_t<A>... arguments) {
    return named(id).query(q, std::move(arguments)...);
  }
  /// Sends an update to the latest run of an id and waits for its answer, as run_handle::update
  /// does.
  template <class U, class... A>
  U update(std::string_view id, const v0::update<U(A...)>& u,
           std::type_identity_t<A>... arguments) {
    return named(id).update(u, std::move(arguments)...);
  }
  template <class U, class... A>
  U update(std::string_view id, const v0::update<U(A...)>& u, const update_options& o,
           std::type_identity_t<A>... arguments) {
    return named(id).update(u, o, std::move(arguments)...);
  }
  /// Calls an entity and waits for its answer. Calls of one entity are done one at a time, in the
  /// order in which they came. The first call creates the entity. Needs <stet/entity.hpp>.
  ///     auto size = engine.call(Cart, "ann", Add, "milk");
  ///
  /// Throws   as run_handle::update; errc::run_ended if the entity's run has failed: Stet doesn't
  ///          silently begin a new run with another state.
  /// Durable  when it returns, what the call changed and its answer are.
  template <class S, class R, class... A>
  R call(const entity<S>& e, std::string_view key, const v0::update<R(A...)>& u,
         std::type_identity_t<A>... arguments) {
    return call(e, key, u, update_options{}, std::move(arguments)...);
  }
  /// Calls an entity with an id for the call: of several calls with the same id, one is done, and
  /// all of them get its answer.
  template <class S, class R, class... A>
  R call(const entity<S>& e, std::string_view key, const v0::update<R(A...)>& u,
         const update_options& o, std::type_identity_t<A>... arguments) {
    detail::update_request q{u.text(), std::string(o.id), {}};
    encode(q.arguments, std::tuple<A...>(std::move(arguments)...));
    auto [started, answer] = engine_->perform(detail::start_with_update{
        .name_space = name_space_,
        .workflow = e.text(),
        .run = request_of<S>(e.id_of(key), start_options{.reuse = id_reuse::allow}, S{}),
        .update = std::move(q),
        .until = detail::update_stage::answered});
    return detail::take<R>(*engine_, u.text(), answer);
  }
  /// Asks an entity, which answers at once, whatever it is doing. An entity that was never called
  /// answers from the state that it would begin with.
  /// Throws   as run_handle::query.
  template <class S, class R, class... A>
  R call(const entity<S>& e, std::string_view key, const v0::query<R(A...)>& q,
         std::type_identity_t<A>... arguments) {
    return query(e.id_of(key), q, std::move(arguments)...);
  }
  /// Returns the bytes that a step of a run in this namespace has kept (step_context::keep), or a
  /// part of them.
  ///     auto film = engine.read(run.result());
  /// Throws   errc::not_found if the run that kept them was erased, errc::usage for an offset past
  ///          the end, store_error.
  std::string read(const blob& b, std::uint64_t offset = 0, std::uint64_t length = UINT64_MAX) {
    return engine_->perform(detail::read_blob{
        .name_space = name_space_, .value = b, .offset = offset, .length = length});
  }
  /// Reads and writes the user's own entries from outside, as context::transact does.
  ///     auto ann = engine.transact([](stet::transaction& tx) { return tx.get(Accounts, "ann"); });
  ///
  /// Returns  what `f` returns, of any type.
  /// Throws   what `f` throws: then nothing was written.
  /// Durable  when it returns, what `f` read and wrote is.
  template <class F> auto transact(F&& f) -> std::invoke_result_t<F&, transaction&> {
    using R = std::invoke_result_t<F&, transaction&>;
    struct function final : detail::transact_function {
      explicit function(F& f) : f_(f) {}
      void run(transaction& tx) override {
        if constexpr (std::is_void_v<R>) f_(tx);
        else result.emplace(f_(tx));
      }
      F& f_;
      std::optional<std::conditional_t<std::is_void_v<R>, bool, R>> result;
    } call(f);
    engine_->perform(detail::transact_in{.name_space = name_space_, .function = call});
    if constexpr (!std::is_void_v<R>) return *std::move(call.result);
  }
  /// Asks the latest run of an id to end, as run_handle::cancel does.
  /// Throws   errc::not_found.
  void cancel(std::string_view id, std::string_view reason = {}) { named(id).cancel(reason); }
  /// Ends the latest run of an id without asking it, as run_handle::terminate does.
  /// Throws   errc::not_found.
  void terminate(std::string_view id, std::string_view reason = {}) { named(id).terminate(reason); }
  /// Returns the operator's view of this namespace: lists, histories, and how to mend a run. Cheap
  /// to make.
  ///     auto stuck = engine.admin().list("ExecutionStatus = 'Stalled'");
  v0::admin admin() const { return v0::admin(engine_, name_space_); }

  // ---------------------------------------------- compile errors that say what to write
  template <class R, class... A, class I, class... X>
    requires(!detail::text<I>)
  auto start(const workflow<R(A...)>&, const I&, X&&...) {
    static_assert(detail::never<I>,
                  "stet: a run has an id, which comes after the workflow: engine.start(Pay, "
                  "\"pay-7\", {options}, arguments…). The id is the idempotency key: the same id "
                  "again is the same run");
  }
  template <class O = detail::other_start_options>
  auto start(const detail::name&, std::string_view, std::type_identity_t<O>, ...) {
    detail::refuse_start_options<O>();
  }
  template <class R, class... A, class... X>
    requires detail::other_arguments<std::tuple<A...>, start_options, X...>
  run_handle<R> start(const workflow<R(A...)>&, std::string_view, X&&...) {
    detail::refuse_workflow_arguments<X...>();
  }
  template <class S, class... X> auto start(const entity<S>&, X&&...) {
    static_assert(detail::never<S>,
                  "stet: an entity isn't started: its first call creates it: engine.call(Cart, "
                  "\"ann\", Add, \"milk\")");
  }
  template <detail::text_or_function S, class... X> auto start(const S&, X&&...) {
    static_assert(detail::never<S>,
                  "stet: a workflow is started by its typed name: inline constexpr "
                  "stet::workflow<int(int)> Pay{\"pay\"}; … engine.start(Pay, \"pay-7\", 100)");
  }
  template <detail::text I, detail::text S, class... X> void signal(const I&, const S&, X&&...) {
    detail::refuse_signal_by_text<S>();
  }
  template <class T>
    requires(!std::is_void_v<T>)
  void signal(std::string_view, const v0::signal<T>&) {
    detail::refuse_signal_value<T>();
  }
  template <class T, class V>
    requires(!std::is_void_v<T> && !std::convertible_to<V, detail::value_or_none<T>>)
  void signal(std::string_view, const v0::signal<T>&, V&&, const signal_options& = {}) {
    detail::refuse_signal_value<T>();
  }
  template <class T, class... X> void signal(const v0::signal<T>&, X&&...) {
    static_assert(
        detail::never<T>,
        "stet: the id of the run comes first: engine.signal(\"order-7\", Approved, true)");
  }
  template <class R, class... A, class... X>
  void signal_with_start(const workflow<R(A...)>&, X&&...) {
    static_assert(detail::never<R>,
                  "stet: the signal comes first: engine.signal_with_start(Approved, true, Order, "
                  "\"order-7\", arguments…)");
  }
  template <detail::text I, detail::text S, class... X> int query(const I&, const S&, X&&...) {
    detail::refuse_query_by_text<S>();
    return 0;
  }
  template <detail::text I, detail::text S, class... X> int update(const I&, const S&, X&&...) {
    detail::refuse_update_by_text<S>();
    return 0;
  }
  template <detail::text S, class... X> std::optional<run_handle<int>> find(const S&, X&&...) {
    static_assert(
        detail::never<S>,
        "stet: a run is found by its workflow and its id: engine.find(Pay, \"pay-7\"). By "
        "the id alone, engine.admin().describe(\"pay-7\") shows it");
    return {};
  }
  template <detail::text S, class... X> int call(const S&, X&&...) {
    static_assert(detail::never<S>,
                  "stet: an entity is called by its typed name: inline constexpr "
                  "stet::entity<cart> Cart{\"cart\"}; … engine.call(Cart, \"ann\", Add, \"milk\")");
    return 0;
  }
  template <detail::text S, class... X> bool resolve(const S&, X&&...) {
    static_assert(detail::never<S>,
                  "stet: the promise's typed name comes first, then the token: "
                  "engine.resolve(Approval, token, true)");
    return false;
  }

  /// Returns the name of the namespace that the runs of this client belong to.
  const std::string& name_space() const noexcept { return name_space_; }

  // ---------------------------------------------------------------- old spellings, until 0.2
  template <class R, class... A>
  [[deprecated("it starts a run and doesn't wait for it: use start(…)")]] run_handle<R> run(
      const workflow<R(A...)>& w, std::string_view id, std::type_identity_t<A>... arguments) {
    return start(w, id, std::move(arguments)...);
  }
  template <class R, class... A>
  [[deprecated("it starts a run and doesn't wait for it: use start(…)")]] run_handle<R> run(
      const workflow<R(A...)>& w, std::string_view id, const start_options& options,
      std::type_identity_t<A>... arguments) {
    return start(w, id, options, std::move(arguments)...);
  }
  template <class R, class... A>
  [[deprecated("use start_all(…)")]] std::vector<run_handle<R>> run_all(
      const workflow<R(A...)>& w,
      const std::vector<std::pair<std::string, std::tuple<A...>>>& runs) {
    return start_all(w, runs);
  }
  [[deprecated("use admin().move(…)")]] void move(std::string_view id, std::string_view version) {
    admin().move(id, version);
  }
  [[deprecated("use admin().resume(…)")]] void resume(std::string_view id) { admin().resume(id); }
  [[deprecated("use admin().erase(…)")]] std::size_t erase(std::string_view id,
                                                           erase_options o = {}) {
    return admin().erase(id, o);
  }
  [[deprecated("use admin().describe(…)")]] found<run_info> describe(std::string_view id) {
    return admin().describe(id);
  }
  [[deprecated("use admin().history(…)")]] std::vector<history_entry> history(std::string_view id) {
    return admin().history(id);
  }
  [[deprecated("use admin().list(…)")]] run_page list(std::string_view filter = {},
                                                      const list_options& o = {}) {
    return admin().list(filter, o);
  }
  [[deprecated("use admin().count(…)")]] std::uint64_t count(std::string_view filter = {}) {
    return admin().count(filter);
  }
  [[deprecated("use admin().count_by_status(…)")]] std::vector<run_count> count_by_status(
      std::string_view filter = {}) {
    return admin().count_by_status(filter);
  }
  [[deprecated("use admin().open_runs(…)")]] std::vector<std::string> open_runs(
      std::string_view after = {}, std::size_t count_max = 100) {
    return admin().open_runs(after, count_max);
  }

 protected:
  client(std::shared_ptr<detail::engine_port> e, std::string name_space)
      : engine_(std::move(e)), name_space_(std::move(name_space)) {}
  std::shared_ptr<detail::engine_port> engine_;
  std::string name_space_;

 private:
  friend class engine;
  /// Returns a handle of the latest run of that id, which each call looks for anew.
  run_handle<void> named(std::string_view id) const {
    return {engine_, name_space_, std::string(id), {}};
  }
  template <class... A>
  static detail::start_request request_of(std::string_view id, const start_options& options,
                                          std::type_identity_t<A>... arguments) {
    std::string b;
    encode(b, std::tuple<A...>(std::move(arguments)...));
    return {id, std::move(b), options};
  }
};

}}  // namespace stet::v0
