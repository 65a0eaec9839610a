// Spans and points of time, as all options and results have them.
#pragma once
#include <chrono>

#include <stet/config.hpp>

namespace stet { inline namespace v0 {

/// A span of time, in milliseconds. Zero means "no limit" in most options.
using duration = std::chrono::milliseconds;
/// A point of the system clock, in milliseconds since 1970 (UTC, without leap seconds).
using time_point = std::chrono::sys_time<duration>;

}}  // namespace stet::v0
