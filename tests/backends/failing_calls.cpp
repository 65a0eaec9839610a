#include "failing_calls.hpp"

#if defined(__linux__)
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>

namespace stet_tests {

std::atomic<int> flushes_left{-1}, writes_left{-1}, failure{EIO};
std::atomic<long> room_left{-1}, flushes{0};
std::atomic<const char*> failing_files{nullptr};

namespace {

bool fails_now(std::atomic<int>& left) {
  if (left < 0) return false;
  if (left-- != 0) return false;
  errno = failure;
  return true;
}

bool is_failing(int fd) {
  const char* end = failing_files;
  if (end == nullptr) return false;
  char name[4096];
  ssize_t n = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), name, sizeof name);
  return n > 0 && std::string_view(name, static_cast<size_t>(n)).ends_with(end);
}

}  // namespace

void fail_a_call(int n) {
  failure = n % 3 == 2 ? ENOSPC : EIO;
  (n % 3 == 0 ? flushes_left : writes_left) = 0;
}

}  // namespace stet_tests

using namespace stet_tests;

// These functions take precedence over the C library's, for liblmdb and libsqlite3 too.
extern "C" int fdatasync(int fd) {
  ++flushes;
  if (fails_now(flushes_left)) return -1;
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

// Defined by their symbols, since a macro may turn one name into the other: liblmdb calls pwrite;
// libsqlite3 and code compiled here with 64-bit offsets call pwrite64.
extern "C" ssize_t failing_pwrite(int fd, const void* data, size_t n, off_t at) __asm__("pwrite");
extern "C" ssize_t failing_pwrite64(int fd, const void* data, size_t n,
                                    off_t at) __asm__("pwrite64");
extern "C" ssize_t failing_pwrite(int fd, const void* data, size_t n, off_t at) {
  if (fails_now(writes_left)) return -1;
  if (room_left < 0 && is_failing(fd)) {
    errno = failure;
    return -1;
  }
  if (long room = room_left; room >= 0) {
    if (room == 0) {
      room_left = -1;
      errno = ENOSPC;
      return -1;
    }
    n = std::min(n, static_cast<size_t>(room));
    room_left = room - static_cast<long>(n);
  }
  return ::syscall(SYS_pwrite64, fd, data, n, at);
}
extern "C" ssize_t failing_pwrite64(int fd, const void* data, size_t n, off_t at) {
  return failing_pwrite(fd, data, n, at);
}

extern "C" ssize_t write(int fd, const void* data, size_t n) {
  if (is_failing(fd)) {
    if (room_left <= 0) {
      errno = failure;
      return -1;
    }
    n = std::min(n, static_cast<size_t>(room_left));
    room_left -= static_cast<long>(n);
  }
  return ::syscall(SYS_write, fd, data, n);
}

extern "C" ssize_t writev(int fd, const iovec* parts, int count) {
  if (fails_now(writes_left)) return -1;
  if (room_left < 0 && is_failing(fd)) {
    errno = failure;
    return -1;
  }
  return ::syscall(SYS_writev, fd, parts, count);
}
#endif
