// Declarations that the sources of this folder share.
#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cerrno>
#include <cstdint>
#include <string>

namespace stet { inline namespace v0 { namespace port {

constexpr mode_t owner_only = 0600;
constexpr mode_t owner_only_directory = 0700;

/// Calls `f` again as long as a signal interrupts it.
template <class F> auto uninterrupted(F&& f) noexcept {
  auto r = f();
  while (r < 0 && errno == EINTR) r = f();
  return r;
}

/// open(2) as files.hpp promises it. Returns -1 and sets errno if it fails.
inline int open_plain(const std::string& path, int flags) noexcept {
  return uninterrupted(
      [&] { return ::open(path.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, owner_only); });
}

/// Gives each byte up to `bytes` a place on the disk; the file's content stays.
int allocate(int fd, std::uint64_t bytes) noexcept;

}  // namespace port
}  // namespace v0
}  // namespace stet
