// map and try_map: one operation for each item of a range, with a limit on how many run at a time.
#pragma once
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <stet/compose.hpp>
#include <stet/impl/guesses.hpp>
#include <stet/options.hpp>

namespace stet { inline namespace v0 {
namespace detail {

/// One operation for each item, a limited number at a time. A tolerant one turns each item's
/// failure into its outcome, up to a number of failures.
template <class Item, class F, bool Tolerant>
class [[nodiscard("stet: an operation does nothing until it is awaited")]] map_group final : group {
  static auto make_plain(F& f, Item& item, environment e) {
    if constexpr (std::is_invocable_v<F&, context&, Item&>) return f(context_of(e), item);
    else return f(item);
  }
  using plain =
      std::remove_cvref_t<decltype(make_plain(std::declval<F&>(), std::declval<Item&>(), {}))>;
  static_assert(awaitable<plain>, "stet: map's callable returns something that Stet can await");
  using inner = std::conditional_t<Tolerant, attempted<plain>, plain>;
  static inner make(F& f, Item& item, environment e) { return inner(make_plain(f, item, e)); }
  using value = stored<typename inner::result_type>;

 public:
  using result_type =
      std::conditional_t<std::is_void_v<typename inner::result_type>, void, std::vector<value>>;
  map_group(std::vector<Item> items, try_map_options o, F f)
      : group(rule::all),
        items_(std::move(items)),
        callable_(std::move(f)),
        options_(o),
        slots_(items_.size()),
        results_(items_.size()) {}
  map_group(map_group&& o) noexcept(std::is_nothrow_move_constructible_v<F>)
      : group(static_cast<group&&>(o)),
        items_(std::move(o.items_)),
        callable_(std::move(o.callable_)),
        options_(o.options_),
        slots_(std::move(o.slots_)),
        results_(std::move(o.results_)) {}

  bool start(environment e, waiter& w) noexcept {
    open(e, w, items_.size());
    pump();
    return close();
  }
  bool failed() const noexcept { return error_ || decided(); }
  result_type result() {
    if (error_) std::rethrow_exception(error_);
    if (decided()) (void)(*slots_[decisive()].work).result();
    if constexpr (!std::is_void_v<result_type>) {
      std::vector<value> r;
      r.reserve(items_.size());
      for (auto& s : results_) r.push_back(*std::move(s));
      return r;
    }
  }

 private:
  struct slot {
    branch part;
    place<inner> work;
  };
  bool has_room() const noexcept {
    return options_.concurrency == 0 || live() < options_.concurrency;
  }
  void pump() noexcept {
    if (pumping_) return;  // a branch ended at once: the loop below goes on
    pumping_ = true;
    while (!decided() && !error_ && next_ < items_.size() && has_room()) {
      auto i = next_++;
      try {
        slots_[i].work.make([&] { return make(callable_, items_[i], env()); });
      } catch (...) {
        error_ = thrown(env());
        cancel_rest();
        break;
      }
      begin(slots_[i].part, i, *slots_[i].work);
    }
    pumping_ = false;
  }
  // The frame of a branch is freed when the next branch ends, never inside its own final suspend.
  void after(std::size_t i) noexcept override {
    if (retired_ != i && retired_ < i_none && !(decided() && decisive() == retired_))
      slots_[retired_].work.reset();
    retired_ = i;
    auto& work = *slots_[i].work;
    if (!work.failed() && !decided()) {
      try {
        results_[i].emplace(result_of(work));
        if constexpr (Tolerant) tolerate(*results_[i]);
      } catch (...) {
        auto e = thrown(env());
        if (!error_) {  // later ones were cancelled by the first: none has begun since
          error_ = std::move(e);
          cancel_rest();
        }
      }
    }
    pump();
  }
  /// Counts a failure.
  /// Throws   the failure that is one too many.
  void tolerate(const value& v) {
    if (v || ++failures_ <= options_.failures_max) return;
    std::rethrow_exception(v.exception());
  }
  bool branch_failed(std::size_t i) const noexcept override { return (*slots_[i].work).failed(); }
  void cancel_rest() noexcept override {
    for (std::size_t i = 0; i < next_; ++i)
      if (slots_[i].part.live) slots_[i].part.scope.cancel();
  }

  static constexpr std::size_t i_none = static_cast<std::size_t>(-1);
  std::vector<Item> items_;
  F callable_;
  try_map_options options_;
  std::size_t failures_ = 0;
  std::size_t next_ = 0;
  std::size_t retired_ = i_none;
  bool pumping_ = false;
  std::exception_ptr error_;
  std::vector<slot> slots_;
  std::vector<std::optional<value>> results_;
};

template <bool Tolerant, class Range, class F>
auto make_map(Range&& items, try_map_options options, F&& callable) {
  guard_gcc<F>();
  using item = std::remove_cvref_t<decltype(*std::begin(items))>;
  std::vector<item> copy;
  if constexpr (std::is_same_v<Range, std::vector<item>>) copy = std::move(items);
  else
    for (auto&& i : items) copy.push_back(std::forward<decltype(i)>(i));
  return map_group<item, std::decay_t<F>, Tolerant>(std::move(copy), options,
                                                    std::forward<F>(callable));
}

}  // namespace detail

/// Runs one operation for each item, at most `concurrency` at a time. Returns the results in the
/// order of the items. The first failure cancels the others and is thrown when they have ended.
///     auto sums = co_await stet::map(files, {.concurrency = 8}, [&](stet::context& ctx, file& f) {
///       return ctx.step("hash", hash, f.path);
///     });
template <class Range, class F> auto map(Range&& items, map_options options, F&& callable) {
  return detail::make_map<false>(std::forward<Range>(items), {options.concurrency},
                                 std::forward<F>(callable));
}
template <class Range, class F>
  requires(!detail::options<std::remove_cvref_t<F>>)
auto map(Range&& items, F&& callable) {
  return stet::map(std::forward<Range>(items), map_options{}, std::forward<F>(callable));
}
/// Runs one operation for each item; an item that fails doesn't end the others. Returns a vector of
/// stet::outcome. If more than `failures_max` items fail, the others are cancelled, and the failure
/// that was one too many is thrown.
///     auto sent = co_await stet::try_map(mails, {.concurrency = 8, .failures_max = 100}, send);
template <class Range, class F> auto try_map(Range&& items, try_map_options options, F&& callable) {
  return detail::make_map<true>(std::forward<Range>(items), options, std::forward<F>(callable));
}
template <class Range, class F>
  requires(!detail::options<std::remove_cvref_t<F>>)
auto try_map(Range&& items, F&& callable) {
  return stet::try_map(std::forward<Range>(items), try_map_options{}, std::forward<F>(callable));
}

// Compile errors that say what to write.
template <class Range, class O = detail::other_map_options>
auto map(Range&&, std::type_identity_t<O>, ...) {
  detail::refuse_map_options<O>();
  return detail::refused();
}
template <class Range, class F, class O = detail::other_map_options>
auto map(Range&&, F&&, std::type_identity_t<O>) {
  detail::refuse_map_options<O>();
  return detail::refused();
}
template <class Range, class O = detail::other_map_options>
auto try_map(Range&&, std::type_identity_t<O>, ...) {
  detail::refuse_map_options<O>();
  return detail::refused();
}
template <class Range, class F, class O = detail::other_map_options>
auto try_map(Range&&, F&&, std::type_identity_t<O>) {
  detail::refuse_map_options<O>();
  return detail::refused();
}

}}  // namespace stet::v0
