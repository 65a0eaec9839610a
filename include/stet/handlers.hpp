// Handlers of a run's queries and updates. Made by context::on.
#pragma once
#include <concepts>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <stet/codec.hpp>
#include <stet/export.hpp>
#include <stet/names.hpp>
#include <stet/task.hpp>

namespace stet { inline namespace v0 { namespace detail {

/// One frame of a workflow, or of an update's handler, type erased.
class STET_API root {
 public:
  root() = default;
  root(const root&) = delete;
  root& operator=(const root&) = delete;
  virtual ~root();
  virtual bool start(environment, waiter&) noexcept = 0;
  virtual void result(std::string& out) = 0;  // throws what the workflow let escape
};

template <class R> class root_of final : public root {
 public:
  explicit root_of(task<R> t) : task_(std::move(t)) {}
  bool start(environment e, waiter& w) noexcept override { return task_.start(e, w); }
  void result(std::string& out) override {
    if constexpr (std::is_void_v<R>) {
      task_.result();
      writer(out).null();
    } else {
      stet::encode(out, task_.result());
    }
  }

 private:
  task<R> task_;
};

/// The result of a handler that is no coroutine.
class STET_API ready_root final : public root {
 public:
  explicit ready_root(std::string r) : result_(std::move(r)) {}
  ~ready_root() override;
  bool start(environment, waiter&) noexcept override { return true; }
  void result(std::string& out) override { out += result_; }

 private:
  std::string result_;
};

/// Answers a query or an update by its name, as long as the object lives.
class STET_API handler {
 public:
  enum class kind : bool { query, update };
  handler(const handler&) = delete;
  handler& operator=(const handler&) = delete;

  /// For a query: appends the answer, encoded.
  /// Throws   what the handler throws.
  virtual void answer(std::string_view arguments, std::string& out);
  /// For an update: checks its arguments.
  /// Throws   what its validator throws.
  virtual void validate(std::string_view arguments);
  virtual std::unique_ptr<root> begin(context& c, std::string_view arguments);

  const kind what;
  const std::string_view name;  // a literal
  bool exclusive = false;       // for an update: one at a time, the others wait for it

 protected:
  /// Throws   errc::conflict if the name has a handler already, errc::usage outside of a workflow.
  handler(context& c, kind k, std::string_view n);
  virtual ~handler();
  /// Ends the registration. The destructor of the class that holds the callables calls it.
  void leave() noexcept;

 private:
  execution* run_;
};

template <class F, class R, class... A>
class [[nodiscard(
    "stet: it answers as long as it lives: keep it in a variable")]] query_handler final
    : public handler {
 public:
  template <class G>
  query_handler(context& c, std::string_view n, G&& f)
      : handler(c, kind::query, n), answer_(std::forward<G>(f)) {}
  ~query_handler() override { leave(); }
  void answer(std::string_view arguments, std::string& out) override {
    stet::encode<R>(out, std::apply(answer_, stet::decode<std::tuple<A...>>(arguments)));
  }

 private:
  F answer_;
};

/// Rethrows what a codec threw, as what stalls the run: the arguments of an accepted update don't
/// decode any more. (What the handler itself decodes is its caller's affair.)
[[noreturn]] STET_API void throw_undecodable_arguments(std::string_view update);

template <class Arguments> Arguments accepted(std::string_view update, std::string_view bytes) {
  try {
    return stet::decode<Arguments>(bytes);
  } catch (...) { throw_undecodable_arguments(update); }
}

struct accept_all {
  template <class... A> void operator()(const A&...) const noexcept {}
};

template <class V, class H, class R, class... A>
class [[nodiscard(
    "stet: it answers as long as it lives: keep it in a variable")]] update_handler final
    : public handler {
 public:
  template <class W, class G>
  update_handler(context& c, std::string_view n, W&& v, G&& h)
      : handler(c, kind::update, n), validate_(std::forward<W>(v)), handle_(std::forward<G>(h)) {}
  ~update_handler() override { leave(); }
  void validate(std::string_view arguments) override {
    auto a = stet::decode<std::tuple<A...>>(arguments);
    if constexpr (!std::is_same_v<V, accept_all>) std::apply(validate_, std::as_const(a));
  }
  std::unique_ptr<root> begin(context& c, std::string_view arguments) override {
    return std::apply(
        [&](auto&&... a) -> std::unique_ptr<root> {
          if constexpr (std::is_invocable_r_v<task<R>, H&, context&, A...>) {
            return std::make_unique<root_of<R>>(handle_(c, std::move(a)...));
          } else if constexpr (std::is_invocable_r_v<task<R>, H&, A...>) {
            return std::make_unique<root_of<R>>(handle_(std::move(a)...));
          } else {
            std::string out;
            if constexpr (std::is_void_v<R>) {
              handle_(std::move(a)...);
              writer(out).null();
            } else {
              stet::encode<R>(out, handle_(std::move(a)...));
            }
            return std::make_unique<ready_root>(std::move(out));
          }
        },
        accepted<std::tuple<A...>>(name, arguments));
  }

 private:
  V validate_;
  H handle_;
};

template <class F, class R, class... A> consteval bool check_query() {
  constexpr bool takes_context = std::is_invocable_v<F&, context&, A...>;
  static_assert(!takes_context,
                "stet: the handler of a query only looks: it is an ordinary function, no "
                "coroutine, and takes no context. What changes the run, or waits, is an update");
  static_assert(std::is_invocable_v<F&, A...> || takes_context,
                "stet: the handler of a query is a function of what the query's name takes");
  if constexpr (std::is_invocable_v<F&, A...>) {
    static_assert(!awaitable<std::remove_cvref_t<std::invoke_result_t<F&, A...>>>,
                  "stet: the handler of a query only looks: it is an ordinary function, no "
                  "coroutine. What changes the run, or waits, is an update");
    static_assert(std::is_convertible_v<std::invoke_result_t<F&, A...>, R> ||
                      awaitable<std::remove_cvref_t<std::invoke_result_t<F&, A...>>>,
                  "stet: the handler of a query returns what the query's name promises");
    return std::is_convertible_v<std::invoke_result_t<F&, A...>, R> && require_codec<R>() &&
           (require_codec<A>() && ... && true);
  } else {
    return false;
  }
}

template <class V, class H, class R, class... A> consteval bool check_update() {
  constexpr bool is_coroutine = std::is_invocable_r_v<task<R>, H&, context&, A...> ||
                                std::is_invocable_r_v<task<R>, H&, A...>;
  constexpr bool is_plain = [] {
    if constexpr (std::is_invocable_v<H&, A...>)
      return !awaitable<std::remove_cvref_t<std::invoke_result_t<H&, A...>>> &&
             (std::is_void_v<R> || std::is_convertible_v<std::invoke_result_t<H&, A...>, R>);
    else return false;
  }();
  static_assert(is_coroutine || is_plain,
                "stet: the handler of an update takes what the update's name takes and returns "
                "what it promises, or a stet::task of that (then a stet::context& may come first, "
                "and must if it is a lambda that captures)");
  static_assert(std::is_invocable_v<V&, const A&...>,
                "stet: the validator of an update takes what the update's name takes; it refuses "
                "by throwing");
  if constexpr (std::is_invocable_v<V&, const A&...>)
    static_assert(std::is_void_v<std::invoke_result_t<V&, const A&...>>,
                  "stet: the validator of an update returns nothing: it refuses by throwing");
  return (is_coroutine || is_plain) && require_codec<R>() && (require_codec<A>() && ... && true);
}

}  // namespace detail
}}  // namespace stet::v0
