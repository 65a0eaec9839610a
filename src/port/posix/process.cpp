// This process, and system calls that need few lines: the clock and random bits.
#include "port/process.hpp"

#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "port/clocks.hpp"
#include "port/random.hpp"

namespace stet { inline namespace v0 { namespace port {

int process_id() noexcept { return ::getpid(); }

std::optional<std::chrono::nanoseconds> uptime() noexcept {
#if defined(CLOCK_BOOTTIME)
  timespec t{};
  if (::clock_gettime(CLOCK_BOOTTIME, &t) == 0)
    return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
#endif
  return std::nullopt;
}

bool random_bits(std::uint64_t& bits) noexcept { return ::getentropy(&bits, sizeof bits) == 0; }

}  // namespace port
}  // namespace v0
}  // namespace stet
