// A clock that the standard library lacks.
#pragma once
#include <chrono>
#include <optional>

namespace stet { inline namespace v0 { namespace port {

/// Returns how long the machine has been up, its sleep included; nullopt if the system doesn't say.
std::optional<std::chrono::nanoseconds> uptime() noexcept;

}  // namespace port
}  // namespace v0
}  // namespace stet
