// operation<R>: the type of what a workflow awaits.
#pragma once
#include <concepts>
#include <type_traits>

#include <stet/codec.hpp>
#include <stet/impl/guesses.hpp>
#include <stet/scope.hpp>
#include <stet/task.hpp>

namespace stet { inline namespace v0 {

/// An operation that Stet does for a workflow, and whose result the journal keeps: a step, a sleep,
/// a child, a message, a wait. Made by stet::context and by the handles that it returns; begins
/// when it is awaited.
///     stet::operation<receipt> charge = ctx.step("charge", bank::charge, card, 100);
///     auto r = co_await std::move(charge);
///
/// It is awaited once, or passed to stet::all, stet::any, …, and may be moved until then. An
/// operation that is never awaited does nothing.
///
/// Thread   only the workflow's own.
template <class R>
class [[nodiscard("stet: an operation does nothing until it is awaited")]] operation
    : public detail::leaf {
 public:
  using result_type = R;
  explicit operation(detail::command* c) noexcept : leaf(c) {}
  bool start(detail::environment e, detail::waiter& w) noexcept { return begin(e, w); }
  R result() {
    if constexpr (std::is_void_v<R>) {
      (void)bytes();
    } else {
      auto answer = bytes();
      try {
        return decode<R>(answer);
      } catch (...) { throw_undecodable(); }
    }
  }
  template <std::same_as<R> T>
    requires(!std::is_void_v<R>)
  operator T() const {
    static_assert(detail::never<T>,
                  "stet: this is an operation, and no result yet: co_await it. It begins when it "
                  "is awaited");
  }
};

// ------------------------------------------------ compile errors that say what to write
template <class R, class S> int operator||(const operation<R>&, const operation<S>&) {
  static_assert(detail::never<R>, "stet: the first of two: co_await stet::any(a, b)");
  return 0;
}
template <class R, class S> int operator&&(const operation<R>&, const operation<S>&) {
  static_assert(detail::never<R>, "stet: both of two: co_await stet::all(a, b)");
  return 0;
}

}}  // namespace stet::v0
