// Numbers that name things, each a type of its own, so that none can be passed where another is
// meant. Users and bytes have plain numbers: code that takes in a plain number converts it
// explicitly, and code that gives one out calls value().
#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>

namespace stet { inline namespace v0 { namespace detail {

/// A number of one kind. Zero means none, and converts to false. `Tag` only tells the kinds apart.
/// A count may be added to it, but no number of another kind.
template <class Tag, class Number> class distinct_number {
 public:
  constexpr distinct_number() noexcept = default;
  constexpr explicit distinct_number(Number value) noexcept : value_(value) {}

  constexpr Number value() const noexcept { return value_; }
  constexpr explicit operator bool() const noexcept { return value_ != 0; }
  static constexpr distinct_number max() noexcept {
    return distinct_number(std::numeric_limits<Number>::max());
  }

  constexpr distinct_number operator+(Number n) const noexcept {
    return distinct_number(static_cast<Number>(value_ + n));
  }
  constexpr distinct_number operator-(Number n) const noexcept {
    return distinct_number(static_cast<Number>(value_ - n));
  }
  constexpr distinct_number& operator++() noexcept { return *this = *this + 1; }
  constexpr distinct_number operator++(int) noexcept {
    auto before = *this;
    ++*this;
    return before;
  }

  friend constexpr bool operator==(distinct_number, distinct_number) noexcept = default;
  friend constexpr auto operator<=>(distinct_number, distinct_number) noexcept = default;

 private:
  Number value_ = 0;
};

/// The number of a run in its store. Zero means no run.
using run_number = distinct_number<struct run_tag, std::uint64_t>;
inline constexpr run_number no_run;

/// Of a record, in the journal of its store. Zero is no record.
using record_lsn = distinct_number<struct lsn_tag, std::uint64_t>;
inline constexpr record_lsn no_lsn;

/// Of a command, among those of its run. Zero is no command: the workflow's own code.
using command_number = distinct_number<struct command_tag, std::uint32_t>;
inline constexpr command_number no_command;

}  // namespace detail
}}  // namespace stet::v0

template <class Tag, class Number> struct std::hash<stet::detail::distinct_number<Tag, Number>> {
  std::size_t operator()(stet::detail::distinct_number<Tag, Number> n) const noexcept {
    return std::hash<Number>()(n.value());
  }
};
