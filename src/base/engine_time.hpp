// Points of time by the engine's clock (engine/time/engine_clock.hpp), a type of their own, so that
// neither a length of time nor a reading of a steady clock can be passed for one. Lengths are plain
// numbers of milliseconds. Bytes have plain numbers, and users have a stet::time_point: code
// converts both explicitly.
#pragma once
#include <compare>
#include <cstdint>

#include <stet/time.hpp>

#include "base/plus.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// A point of time by the engine's clock, in ms since 1970. Zero means no time in most places, and
/// converts to false. Sums and differences stop at the largest and the smallest number: see plus().
class engine_time {
 public:
  constexpr engine_time() noexcept = default;
  constexpr explicit engine_time(std::int64_t ms) noexcept : ms_(ms) {}
  constexpr explicit engine_time(time_point t) noexcept : ms_(t.time_since_epoch().count()) {}

  constexpr std::int64_t value() const noexcept { return ms_; }
  constexpr explicit operator bool() const noexcept { return ms_ != 0; }
  /// A time that doesn't come.
  static constexpr engine_time never() noexcept { return engine_time(INT64_MAX); }
  /// A time before every other.
  static constexpr engine_time before_all() noexcept { return engine_time(INT64_MIN); }

  constexpr engine_time operator+(std::int64_t ms) const noexcept {
    return engine_time(plus(ms_, ms));
  }
  constexpr engine_time operator-(std::int64_t ms) const noexcept {
    return engine_time(minus(ms_, ms));
  }
  /// The length from `since` to this time, in ms.
  constexpr std::int64_t operator-(engine_time since) const noexcept {
    return minus(ms_, since.ms_);
  }

  friend constexpr bool operator==(const engine_time&, const engine_time&) noexcept = default;
  friend constexpr auto operator<=>(const engine_time&, const engine_time&) noexcept = default;

 private:
  std::int64_t ms_ = 0;
};

/// The same time for users.
constexpr time_point to_time_point(engine_time t) noexcept {
  return time_point(duration(t.value()));
}

}  // namespace detail
}}  // namespace stet::v0
