// The parts of an engine that know the types of a workflow's body and of a declared error. No user
// of Stet needs this header.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <stet/context.hpp>
#include <stet/handlers.hpp>
#include <stet/options.hpp>

namespace stet { inline namespace v0 { namespace detail {

class STET_API definition {
 public:
  definition() = default;
  definition(const definition&) = delete;
  definition& operator=(const definition&) = delete;
  virtual ~definition();
  /// Throws   errc::payload if the arguments don't decode.
  virtual std::unique_ptr<root> begin(context&, std::string_view arguments) = 0;
  /// Returns the arguments with which the first call of an entity starts it; empty if this is no
  /// entity.
  virtual std::string new_arguments() const;
  virtual bool is_entity() const noexcept { return false; }
  /// Answers a query of an entity that was never called. Returns false if the entity has no handler
  /// for it.
  virtual bool answer_new(std::string_view query, std::string_view arguments,
                          std::string& out) const;

  /// Says whether an exception of its code that is neither declared nor Stet's own ends a run.
  v0::accident accident = v0::accident::stall;
  /// Says what a replay of its runs compares: engine_options::compare.
  compared compare = compared::names;
};

class STET_API declared_error {
 public:
  explicit declared_error(std::string_view name) : name_(name) {}
  declared_error(const declared_error&) = delete;
  declared_error& operator=(const declared_error&) = delete;
  virtual ~declared_error();
  const std::string& name() const noexcept { return name_; }
  /// Returns whether `e` has exactly this type.
  virtual bool is(const std::exception& e) const noexcept = 0;
  /// Fills `f` if `e` has exactly this type. Returns whether it has.
  virtual bool describe(const std::exception& e, failure& f) const = 0;
  [[noreturn]] virtual void raise(const failure& f) const = 0;

 private:
  std::string name_;
};

template <class Body, class R, class... A> class definition_of final : public definition {
 public:
  explicit definition_of(Body b) : body_(std::move(b)) {}
  std::unique_ptr<root> begin(context& c, std::string_view arguments) override {
    return std::apply(
        [&](auto&&... a) { return std::make_unique<root_of<R>>(body_(c, std::move(a)...)); },
        stet::decode<std::tuple<A...>>(arguments));
  }

 private:
  Body body_;  // outlives every frame made from it: that is what makes a capturing lambda safe
};

template <class E> class declared_error_of final : public declared_error {
 public:
  using declared_error::declared_error;
  bool is(const std::exception& e) const noexcept override { return typeid(e) == typeid(E); }
  bool describe(const std::exception& e, failure& f) const override {
    auto* typed = dynamic_cast<const E*>(&e);
    if (!typed || !is(e)) return false;
    f.type = name();
    f.message = words_of(e);
    stet::encode(f.payload, *typed);
    return true;
  }
  void raise(const failure& f) const override { throw stet::decode<E>(f.payload); }
};

template <class Expected, class Given> inline constexpr bool same_parameters = false;
template <class... E, class... G>
inline constexpr bool same_parameters<std::tuple<E...>, std::tuple<context&, G...>> =
    std::is_same_v<std::tuple<E...>, std::tuple<G...>>;
template <class P> inline constexpr bool context_first = false;
template <class... G> inline constexpr bool context_first<std::tuple<context&, G...>> = true;
template <class P> inline constexpr bool all_owning = false;
template <class C, class... G>
inline constexpr bool all_owning<std::tuple<C, G...>> = (owning<G> && ...);
template <class T> inline constexpr bool is_task = false;
template <class T> inline constexpr bool is_task<task<T>> = true;

template <class F, class R, class... A> consteval bool check_workflow() {
  static_assert(
      !std::is_member_pointer_v<F>,
      "stet: a member function needs its object: engine.define(Pay, [&shop](stet::context& "
      "ctx, int cents) { return shop.pay(ctx, cents); })");
  static_assert(one_signature<F>,
                "stet: a workflow's body is a function or a lambda whose parameter types are "
                "spelled out (no auto, no overloads)");
  if constexpr (!std::is_member_pointer_v<F> && one_signature<F>) {
    using P = typename parameters_of<F>::type;
    using returned = typename parameters_of<F>::result;
    static_assert(is_task<returned>,
                  "stet: a workflow's body is a coroutine that returns stet::task<R>");
    if constexpr (is_task<returned>)
      static_assert(std::is_same_v<returned, task<R>>,
                    "stet: the workflow's name promises another result than its body returns");
    static_assert(context_first<P>, "stet: a workflow's first parameter is stet::context&");
    if constexpr (context_first<P>) {
      static_assert(all_owning<P>,
                    "stet: a workflow's parameters are values: after a crash there is nothing for "
                    "a reference, pointer or view to "
                    "refer to");
      if constexpr (all_owning<P>)
        static_assert(same_parameters<std::tuple<A...>, P>,
                      "stet: the workflow's name promises other arguments than its body takes");
    }
    ((void)require_codec<A>(), ..., (void)require_codec<R>());
    return is_task<returned> && std::is_same_v<returned, task<R>> &&
           same_parameters<std::tuple<A...>, P> && (encodable<A> && ... && encodable<R>);
  } else {
    return false;
  }
}

}  // namespace detail
}}  // namespace stet::v0
