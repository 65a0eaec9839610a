#include "port/space.hpp"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

#include "port/posix/system.hpp"

namespace stet { inline namespace v0 { namespace port {

#if defined(__APPLE__)
// macOS has no posix_fallocate, so the content of each block is written once more.
int allocate(int fd, std::uint64_t bytes) noexcept {
  char block[4096];
  struct stat s;
  if (::fstat(fd, &s) != 0) return errno;
  const auto end = static_cast<off_t>(bytes);
  if (s.st_size < end && ::ftruncate(fd, end) != 0) return errno;
  for (off_t at = 0; at < end; at += static_cast<off_t>(sizeof block)) {
    const auto n = static_cast<std::size_t>(std::min<off_t>(sizeof block, end - at));
    if (uninterrupted([&] { return ::pread(fd, block, n, at); }) < 0) return errno;
    const auto written = uninterrupted([&] { return ::pwrite(fd, block, n, at); });
    if (written < 0) return errno;
    if (static_cast<std::size_t>(written) < n) return ENOSPC;
  }
  return 0;
}
#else
int allocate(int fd, std::uint64_t bytes) noexcept {
  int error;
  do error = ::posix_fallocate(fd, 0, static_cast<off_t>(bytes));
  while (error == EINTR);
  return error;
}
#endif

int free_bytes(const std::string& path, std::uint64_t& bytes) noexcept {
  struct statvfs s;
  if (::statvfs(path.c_str(), &s) != 0) return errno;
  bytes = std::uint64_t{s.f_bavail} * s.f_frsize;
  return 0;
}

int try_room(const std::string& path, std::uint64_t bytes) noexcept {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, owner_only);
  if (fd < 0) return errno;
  ::unlink(path.c_str());
  const char block[4096] = {};
  int error = ::write(fd, block, sizeof block) < 0 ? errno : 0;
  if (error == 0) error = allocate(fd, bytes);
  ::close(fd);
  return error;
}

}  // namespace port
}  // namespace v0
}  // namespace stet
