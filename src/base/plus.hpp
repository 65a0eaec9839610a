// Sums of milliseconds: of lengths of time that users choose, and of readings of a steady clock.
// They stop at the largest and the smallest number. (Adding more gives "never" or "at every start".)
#pragma once
#include <cstdint>

namespace stet { inline namespace v0 { namespace detail {

/// `a + b`, or the largest or smallest number but one.
constexpr std::int64_t plus(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? (b > 0 ? INT64_MAX - 1 : INT64_MIN + 1) : sum;
}

/// `a - b`, with the same limits.
constexpr std::int64_t minus(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t rest = 0;
  return __builtin_sub_overflow(a, b, &rest) ? (b < 0 ? INT64_MAX - 1 : INT64_MIN + 1) : rest;
}

}  // namespace detail
}}  // namespace stet::v0
