// Spans and points of time, as every option and every answer gives them.
#pragma once
#include <chrono>

#include <stet/config.hpp>

namespace stet { inline namespace v0 {

/// A span of time, in milliseconds. Zero means "no limit" in every option.
using duration = std::chrono::milliseconds;
/// A point of the system clock, in milliseconds since 1970 (UTC, without leap seconds).
using time_point = std::chrono::sys_time<duration>;

}}  // namespace stet::v0
