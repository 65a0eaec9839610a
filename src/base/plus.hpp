// Sums of times that users choose. They stop at the largest and the smallest number.
#pragma once
#include <cstdint>

namespace stet { inline namespace v0 { namespace detail {

/// `t + d`, or the latest or earliest time that exists. (Adding more gives "never" or "at every
/// start".)
inline std::int64_t plus(std::int64_t t, std::int64_t d) noexcept {
  std::int64_t sum = 0;
  return __builtin_add_overflow(t, d, &sum) ? (d > 0 ? INT64_MAX - 1 : INT64_MIN + 1) : sum;
}

}  // namespace detail
}}  // namespace stet::v0
