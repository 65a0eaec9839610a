// Sagas: steps with compensations that undo them if the saga doesn't come to its end.
#pragma once
#include <exception>
#include <memory>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <stet/context.hpp>

namespace stet { inline namespace v0 {

/// Registers what to undo, and how. The body of context::saga gets it.
///     co_await ctx.saga([&](stet::saga& s) -> stet::task<trip> {
///       auto hotel = co_await ctx.step("book hotel", book_hotel, request);
///       s.undo("cancel hotel", cancel_hotel, hotel.id);  // a step, run only if the saga fails
///       auto flight = co_await ctx.step("book flight", book_flight, request);
///       s.undo("cancel flight", cancel_flight, flight.id);
///       co_return trip{hotel, flight};
///     });
///
/// Thread   only the workflow's own.
class saga {
 public:
  explicit saga(context& c) noexcept : context_(c) {}
  saga(const saga&) = delete;
  saga& operator=(const saga&) = delete;

  /// Registers a step that runs if the saga fails; the last registered one runs first. It is
  /// retried without limit unless its options say otherwise. If an effect may have happened though
  /// its step failed, register the undo before the step.
  template <class F, class... A>
    requires(!detail::options<std::remove_cvref_t<F>>)
  void undo(step_name name, F&& body, A&&... arguments) {
    undo(name, step_options{}, std::forward<F>(body), std::forward<A>(arguments)...);
  }
  template <class F, class... A>
  void undo(step_name name, step_options options, F&& body, A&&... arguments) {
    check_undo<F, A...>();
    undos_.push_back(
        keep(context_.step(name, options, std::forward<F>(body), std::forward<A>(arguments)...)));
  }
  /// Registers a transaction (context::transact) that runs if the saga fails. What it writes and
  /// the fact that it is done are one commit: it undoes exactly once.
  ///     s.undo_transact("give back", give_back, from, cents);
  ///     // where: void give_back(stet::transaction& tx, const std::string& to, long cents);
  template <class F, class... A>
    requires(!detail::options<std::remove_cvref_t<F>>)
  void undo_transact(step_name name, F&& body, A&&... arguments) {
    undo_transact(name, step_options{}, std::forward<F>(body), std::forward<A>(arguments)...);
  }
  template <class F, class... A>
  void undo_transact(step_name name, step_options options, F&& body, A&&... arguments) {
    check_undo<F, A...>();
    using values = std::tuple<detail::kept_t<A>...>;
    auto bound = [f = std::decay_t<F>(std::forward<F>(body)),
                  v = values(std::forward<A>(arguments)...)](transaction& tx) mutable {
      std::apply([&](const auto&... a) { f(tx, a...); }, v);
    };
    undos_.push_back(keep(context_.transact(name, options, stet::owning(std::move(bound)))));
  }
  /// Runs and forgets the undos, in reverse, shielded from cancellation. An undo that fails (its
  /// options limit its attempts) doesn't keep the others from running.
  /// Throws   the first failure of an undo, when all of them have run.
  auto compensate() { return stet::shield(run_undos()); }
  /// Forgets the undos: what was done stays done.
  void keep_all() noexcept { undos_.clear(); }

 private:
  template <class F, class... A> static consteval void check_undo() {
    static_assert(
        detail::owns<std::decay_t<F>> &&
            (!detail::is_reference_like<detail::bare_t<detail::kept_t<A>>> && ...),
        "stet: what an undo refers to is gone by the time it runs: give a function, or a lambda "
        "that captures nothing, its values as arguments (s.undo(\"refund\", refund, payment.id)), "
        "or wrap a lambda that captures by value in stet::owning");
  }
  struct entry {
    entry() = default;
    entry(const entry&) = delete;
    entry& operator=(const entry&) = delete;
    virtual ~entry() = default;
    virtual task<> run() = 0;
  };
  template <class S> struct kept final : entry {
    explicit kept(S s) : step(std::move(s)) {}
    task<> run() override { co_await std::move(step); }
    S step;
  };
  template <class S> static std::unique_ptr<entry> keep(S step) {
    return std::make_unique<kept<S>>(std::move(step));
  }
  task<> run_undos() {
    std::exception_ptr first;
    while (!undos_.empty()) {
      auto last = std::move(undos_.back());
      undos_.pop_back();
      auto undone = co_await stet::attempt(last->run());
      if (!undone && !first) first = undone.exception();
    }
    if (first) std::rethrow_exception(first);
  }

  context& context_;
  std::vector<std::unique_ptr<entry>> undos_;
};

namespace detail {

template <class F, class R> task<R> run_saga(context& ctx, F body) {
  v0::saga s(ctx);
  std::exception_ptr why;
  try {
    co_return co_await body(s);
  } catch (const std::bad_alloc&) { throw; } catch (...) {
    why = std::current_exception();
  }
  (void)co_await stet::attempt(s.compensate());
  std::rethrow_exception(why);
}

}  // namespace detail

/// Throws   what the body threw, when everything has been undone; the failures of undos are
///          dropped.
template <class F> auto context::saga(F&& body) {
  detail::guard_gcc<F>();
  using inner = std::invoke_result_t<std::decay_t<F>&, v0::saga&>;
  static_assert(detail::awaitable<inner>,
                "stet: the body of a saga is a coroutine: stet::task<R> (stet::saga&)");
  return detail::run_saga<std::decay_t<F>, typename inner::result_type>(*this,
                                                                        std::forward<F>(body));
}

}}  // namespace stet::v0
