// Entities: objects with a key and a durable state that do one thing at a time. Calls wait in the
// order in which they came, and each is done exactly once. What a call changed is durable with its
// answer.
//
//     struct cart { std::vector<std::string> items; };
//     inline constexpr stet::entity<cart>                          Cart{"cart"};
//     inline constexpr stet::update<std::size_t(std::string)>      Add{"add"};
//     inline constexpr stet::query<std::vector<std::string>()>     Items{"items"};
//
//     engine.define(Cart,
//                   stet::on(Add, [](cart& c, std::string item) {
//                     c.items.push_back(item);
//                     return c.items.size();
//                   }),
//                   stet::on(Items, [](const cart& c) { return c.items; }));
//     engine.call(Cart, "ann", Add, "milk");                    // from outside
//     auto n = co_await ctx.call(Cart, "ann", Add, "bread");    // from a workflow
#pragma once
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <stet/context.hpp>
#include <stet/definition.hpp>
#include <stet/error.hpp>
#include <stet/handlers.hpp>
#include <stet/names.hpp>

namespace stet { inline namespace v0 {
namespace detail {

/// A handler of an entity, before a run exists: the name that it answers, and how.
template <class Name, class V, class H> struct entity_handler {
  Name name;
  V validator;
  H handler;
};

/// A handler that is registered with a run, type erased.
struct registration {
  registration() = default;
  registration(const registration&) = delete;
  registration& operator=(const registration&) = delete;
  virtual ~registration() = default;
};

/// Counts the calls under way that wait for something.
class under_way {
 public:
  explicit under_way(int& n) noexcept : n_(n) { ++n_; }
  under_way(const under_way&) = delete;
  under_way& operator=(const under_way&) = delete;
  ~under_way() { --n_; }

 private:
  int& n_;
};

template <class S, class H, class R, class... A>
task<R> guarded(H& h, context& c, S& s, int& busy, A... a) {
  under_way here(busy);
  co_return co_await h(c, s, std::move(a)...);
}

/// An update of an entity, as a handler of its run.
template <class S, class V, class H, class R, class... A>
class entity_update : public registration {
  static constexpr bool waits = std::is_invocable_r_v<task<R>, H&, context&, S&, A...>;
  struct validate_with {
    V& v;
    const S& s;
    void operator()(const A&... a) const {
      if constexpr (!std::is_same_v<V, accept_all>) v(s, a...);
    }
  };
  struct waiting {
    H& h;
    S& s;
    int& busy;
    task<R> operator()(context& c, A... a) const {
      return guarded<S, H, R, A...>(h, c, s, busy, std::move(a)...);
    }
  };
  struct plain {
    H& h;
    S& s;
    // NOLINTNEXTLINE(performance-unnecessary-value-param): the handler may take a const&
    R operator()(A... a) const { return h(s, std::move(a)...); }
  };
  using handle = std::conditional_t<waits, waiting, plain>;

 public:
  entity_update(context& c, std::string_view name, V& v, H& h, S& s, int& busy)
      : handler_(c, name, validate_with{v, s}, make(h, s, busy)) {
    handler_.exclusive = true;
  }

 private:
  static handle make(H& h, S& s, [[maybe_unused]] int& busy) {
    if constexpr (waits) return {h, s, busy};
    else return {h, s};
  }
  update_handler<validate_with, handle, R, A...> handler_;
};

/// A query of an entity: a query for callers outside, and for workflows an update that changes
/// nothing.
template <class S, class H, class R, class... A> class entity_query : public registration {
  struct look {
    const H& h;
    const S& s;
    // NOLINTNEXTLINE(performance-unnecessary-value-param): the handler may take a const&
    R operator()(A... a) const { return h(s, std::move(a)...); }
  };

 public:
  entity_query(context& c, std::string_view name, const H& h, const S& s)
      : query_(c, name, look{h, s}), update_(c, name, accept_all{}, look{h, s}) {}

 private:
  query_handler<look, R, A...> query_;
  update_handler<accept_all, look, R, A...> update_;
};

template <class S, class V, class H, class R, class... A>
std::unique_ptr<registration> attach(context& c, entity_handler<update<R(A...)>, V, H>& e, S& s,
                                     int& busy) {
  return std::make_unique<entity_update<S, V, H, R, A...>>(c, e.name.text(), e.validator, e.handler,
                                                           s, busy);
}
template <class S, class V, class H, class R, class... A>
std::unique_ptr<registration> attach(context& c, entity_handler<query<R(A...)>, V, H>& e, S& s,
                                     int&) {
  return std::make_unique<entity_query<S, H, R, A...>>(c, e.name.text(), e.handler, s);
}

template <class S, class V, class H, class R, class... A>
bool answer_new(const entity_handler<update<R(A...)>, V, H>&, const S&, std::string_view,
                std::string_view, std::string&) {
  return false;
}
template <class S, class V, class H, class R, class... A>
bool answer_new(const entity_handler<query<R(A...)>, V, H>& e, const S& s, std::string_view name,
                std::string_view arguments, std::string& out) {
  if (e.name.text() != name) return false;
  stet::encode<R>(out, std::apply([&](auto&&... a) { return e.handler(s, std::move(a)...); },
                                  stet::decode<std::tuple<A...>>(arguments)));
  return true;
}

template <class S, class V, class H, class R, class... A>
consteval bool check_entity_handler(const entity_handler<update<R(A...)>, V, H>*) {
  constexpr bool waits = std::is_invocable_r_v<task<R>, H&, context&, S&, A...>;
  constexpr bool is_plain = [] {
    if constexpr (std::is_invocable_v<H&, S&, A...>)
      return !awaitable<std::remove_cvref_t<std::invoke_result_t<H&, S&, A...>>> &&
             (std::is_void_v<R> || std::is_convertible_v<std::invoke_result_t<H&, S&, A...>, R>);
    else return false;
  }();
  static_assert(waits || is_plain,
                "stet: an entity's handler of an update takes the state (S&) and what the update's "
                "name takes, and returns what it promises; or, to wait for something, it takes a "
                "stet::context& first and returns a stet::task of that");
  static_assert(std::is_same_v<V, accept_all> || std::is_invocable_v<V&, const S&, const A&...>,
                "stet: an entity's validator takes the state (const S&) and what the update's name "
                "takes; it refuses by throwing");
  return waits || is_plain;
}
template <class S, class V, class H, class R, class... A>
consteval bool check_entity_handler(const entity_handler<query<R(A...)>, V, H>*) {
  constexpr bool good = [] {
    if constexpr (std::is_invocable_v<const H&, const S&, A...>)
      return std::is_convertible_v<std::invoke_result_t<const H&, const S&, A...>, R>;
    else return false;
  }();
  static_assert(good,
                "stet: an entity's handler of a query takes the state as const S& and what the "
                "query's name takes, changes nothing, and returns what it promises");
  return good;
}

template <class S, class H> consteval bool check_entity_handler(const H*) {
  static_assert(never<H>,
                "stet: an entity's handlers are made by stet::on, each for an update or a query: "
                "engine.define(Cart, stet::on(Add, add_to_cart), stet::on(Items, items_of))");
  return false;
}

/// The condition under which an entity continues as new: its history is long, no call is under way,
/// and its state isn't too long to be passed to the next run. The condition is checked while the
/// run is driven, and never in a replay, where the history has the answer: so the bytes that a
/// codec makes of the state may change with the build. A codec that throws stalls the run.
class STET_API going_over : public condition {
 public:
  going_over(std::string& arguments, source_point at);
  bool holds(execution& e) final;

 protected:
  ~going_over() override;
  virtual bool is_busy() const noexcept = 0;
  virtual void encode_state(std::string& out) const = 0;

 private:
  std::string& arguments_;       // of the next run, once the condition holds
  std::uint64_t look_from_ = 0;  // a state that was too long is checked again from this record on
  bool told_ = false;            // whether a state that is too long was reported
};

/// The workflow of an entity: it answers until its history is long, and then continues as new with
/// its state. Waiting calls go over to the next run. It never ends as failed, since its state would
/// end with it: an exception outside of a call stalls it.
template <class S, class... H> class entity_definition final : public definition {
 public:
  entity_definition(const workflow<void(S)>& name, H... all)
      : name_(name), all_(std::move(all)...) {}
  std::unique_ptr<root> begin(context& c, std::string_view arguments) override {
    return std::apply(
        [&](S s) { return std::make_unique<root_of<void>>(live(c, *this, std::move(s))); },
        stet::decode<std::tuple<S>>(arguments));
  }
  std::string new_arguments() const override {
    std::string b;
    stet::encode(b, std::tuple<S>());
    return b;
  }
  bool is_entity() const noexcept override { return true; }
  bool answer_new(std::string_view query, std::string_view arguments,
                  std::string& out) const override {
    const S fresh{};
    return std::apply(
        [&](auto&... h) { return (detail::answer_new(h, fresh, query, arguments, out) || ...); },
        all_);
  }

 private:
  class over final : public going_over {
   public:
    over(const S& s, const int& busy, std::string& arguments, source_point at)
        : going_over(arguments, at), state_(s), busy_(busy) {}

   private:
    bool is_busy() const noexcept override { return busy_ > 0; }
    void encode_state(std::string& out) const override { encode_as_argument(out, state_); }
    const S& state_;
    const int& busy_;
  };
  /// Encodes the state as continue_as_new would.
  static void encode_as_argument(std::string& out, const S& state) {
    writer w(out);
    w.array(1);
    codec<S>::encode(w, state);
  }
  static task<void> live(context& ctx, entity_definition& self, S state) {
    int busy = 0;
    std::vector<std::unique_ptr<registration>> answering;
    std::apply([&](auto&... h) { (answering.push_back(attach(ctx, h, state, busy)), ...); },
               self.all_);
    std::string arguments;
    co_await operation<void>(
        new over(state, busy, arguments, {__builtin_FILE(), __builtin_LINE()}));
    if (arguments.empty()) encode_as_argument(arguments, state);  // in a replay
    co_return co_await continue_operation<void>(self.name_.text(), std::move(arguments));
  }
  workflow<void(S)> name_;
  std::tuple<H...> all_;
};

}  // namespace detail

/// A kind of entity, by the type of its state. The state has a codec and a default value, which an
/// entity has before its first call. `inline constexpr stet::entity<cart> Cart{"cart"};` The name
/// has no '/': the entity with the key "ann" is the run "cart/ann" of the workflow "cart".
template <class S> class entity : public detail::name {
 public:
  using state_type = S;
  consteval explicit entity(const char* literal) : detail::name(literal), workflow_(literal) {
    static_assert(std::is_default_constructible_v<S>,
                  "stet: the state of an entity has a default value: what it is before the first "
                  "call");
    for (char c : text())
      if (c == '/') throw "the name of an entity has no '/'";
  }
  constexpr const workflow<void(S)>& as_workflow() const noexcept { return workflow_; }
  /// Returns the id of the run that is the entity with this key.
  std::string id_of(std::string_view key) const {
    std::string id(text());
    id += '/';
    return id += key;
  }

 private:
  workflow<void(S)> workflow_;
};

/// Makes a handler of an update or a query of an entity, for engine::define. An update's handler
/// takes the state (`S&`) and the arguments. A handler that waits for something (steps, children,
/// other entities) takes a `stet::context&` first and is a coroutine: no other call of that entity
/// begins meanwhile. A query's handler takes the state as `const S&`; it answers at any time.
template <class R, class... A, class H> auto on(const update<R(A...)>& u, H&& handler) {
  return detail::entity_handler<update<R(A...)>, detail::accept_all, std::decay_t<H>>{
      u, {}, std::forward<H>(handler)};
}
/// Makes a handler of an update with a validator. The validator takes the state (`const S&`) and
/// the arguments, is called first, and refuses by throwing: the caller gets errc::rejected.
template <class R, class... A, class V, class H>
auto on(const update<R(A...)>& u, V&& validator, H&& handler) {
  return detail::entity_handler<update<R(A...)>, std::decay_t<V>, std::decay_t<H>>{
      u, std::forward<V>(validator), std::forward<H>(handler)};
}
template <class R, class... A, class H> auto on(const query<R(A...)>& q, H&& handler) {
  return detail::entity_handler<query<R(A...)>, detail::accept_all, std::decay_t<H>>{
      q, {}, std::forward<H>(handler)};
}

}}  // namespace stet::v0
