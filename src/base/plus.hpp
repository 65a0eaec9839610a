// Sums of milliseconds: of lengths of time that users choose, and of readings of a steady clock.
// They stop at the largest and the smallest number but one, which are the latest and the earliest
// engine_time. (Beside these there are "never" and "at every start".)
#pragma once
#include <cstdint>

namespace stet { inline namespace v0 { namespace detail {

/// `a + b`, or the limit that it is past.
constexpr std::int64_t plus(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? (b > 0 ? INT64_MAX - 1 : INT64_MIN + 1) : sum;
}

/// `a - b`, or the limit that it is past.
constexpr std::int64_t minus(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t rest = 0;
  return __builtin_sub_overflow(a, b, &rest) ? (b < 0 ? INT64_MAX - 1 : INT64_MIN + 1) : rest;
}

}  // namespace detail
}}  // namespace stet::v0
