// What the standard library's clocks don't tell.
#pragma once
#include <chrono>
#include <optional>

namespace stet { inline namespace v0 { namespace port {

/// How long the machine has been up, its sleep included. Empty where the system doesn't say.
std::optional<std::chrono::nanoseconds> uptime() noexcept;

}  // namespace port
}  // namespace v0
}  // namespace stet
