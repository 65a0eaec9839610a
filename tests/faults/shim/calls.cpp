// Calls on the files of a store, which fail when told to, or are recorded. They take precedence
// over the C library's, for liblmdb, librocksdb and libsqlite3 as well.
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "faults/shim/record.hpp"
#include "faults/shim/shim.hpp"

namespace stet_faults { namespace {

bool is_watched(const char* path) noexcept { return watched_path(path) != nullptr; }
bool is_watched(int fd) noexcept {
  char buffer[512];
  return watched_path(fd, buffer) != nullptr;
}

/// Returns 0 if the call goes on, or the fault that it has.
template <class What> int fault_of(call kind, What what) noexcept {
  if (!is_armed() || !(the_control->kinds & kind) || !is_watched(what)) return 0;
  auto& c = *the_control;
  long n = ++c.calls;
  if (c.fail_from == 0 || n < c.fail_from || n - c.fail_from >= c.fail_times) return 0;
  if (c.error == short_write && kind != call_write) return 0;
  if (c.error == EINTR && kind == call_rename) return 0;  // those calls aren't interrupted
  ++c.failed;
  return c.error;
}

int fails(int error) noexcept {
  errno = error == lying_flush ? EIO : error;
  return -1;
}

/// Half of a write, but at least a byte.
std::size_t shortened(int error, std::size_t n) noexcept {
  return error == short_write ? std::max<std::size_t>(n / 2, 1) : n;
}

long flush(int fd, long number) noexcept {
  if (int e = fault_of(call_flush, fd)) {
    if (e == lying_flush) forget_dirty(fd);  // Linux reports the pages only once
    return fails(e);
  }
  long r = ::syscall(number, fd);
  if (r == 0) note_flush(fd, number == SYS_fdatasync);
  return r;
}

int open_at(int at, const char* path, int flags, mode_t mode) noexcept {
  if (int e = fault_of(call_open, path)) return fails(e);
  bool fresh = flags & O_TRUNC || (flags & O_CREAT && ::access(path, F_OK) != 0);
  auto r = static_cast<int>(::syscall(SYS_openat, at, path, flags, mode));
  if (r >= 0 && fresh) note_create(path);
  return r;
}

}  // namespace
}  // namespace stet_faults

using namespace stet_faults;

// Defined by their symbols, since a macro may turn one name into another.
// NOLINTBEGIN(bugprone-macro-parentheses): they are no expressions
#define STET_FAULT_NAMES(type, name, parameters, arguments)       \
  extern "C" type shim_##name parameters __asm__(#name);          \
  extern "C" type shim_##name##64 parameters __asm__(#name "64"); \
  extern "C" type shim_##name##64 parameters { return shim_##name arguments; }
// NOLINTEND(bugprone-macro-parentheses)

extern "C" ssize_t write(int fd, const void* data, size_t n) {
  int e = fault_of(call_write, fd);
  if (e > 0) return fails(e);
  n = shortened(e, n);
  auto at = note_before(fd, -1, n);
  auto r = ::syscall(SYS_write, fd, data, n);
  if (r > 0) note_write(fd, data, static_cast<std::size_t>(r), at);
  return r;
}

STET_FAULT_NAMES(ssize_t, pwrite, (int fd, const void* data, size_t n, off_t at), (fd, data, n, at))
extern "C" ssize_t shim_pwrite(int fd, const void* data, size_t n, off_t at) {
  int e = fault_of(call_write, fd);
  if (e > 0) return fails(e);
  note_before(fd, at, n);
  auto r = ::syscall(SYS_pwrite64, fd, data, shortened(e, n), at);
  if (r > 0) note_write(fd, data, static_cast<std::size_t>(r), at);
  return r;
}

/// Does one write after another, as the kernel does if a write is short.
static ssize_t write_parts(int fd, const iovec* parts, int count, off_t at) {
  ssize_t sum = 0;
  for (int i = 0; i < count; ++i) {
    if (parts[i].iov_len == 0) continue;
    auto r = at < 0 ? ::write(fd, parts[i].iov_base, parts[i].iov_len)
                    : shim_pwrite(fd, parts[i].iov_base, parts[i].iov_len, at + sum);
    if (r < 0) return sum ? sum : r;
    sum += r;
    if (static_cast<std::size_t>(r) < parts[i].iov_len) break;
  }
  return sum;
}
extern "C" ssize_t writev(int fd, const iovec* parts, int count) {
  return write_parts(fd, parts, count, -1);
}
STET_FAULT_NAMES(ssize_t, pwritev, (int fd, const iovec* parts, int n, off_t at),
                 (fd, parts, n, at))
extern "C" ssize_t shim_pwritev(int fd, const iovec* parts, int n, off_t at) {
  return write_parts(fd, parts, n, at);
}

extern "C" int fsync(int fd) { return static_cast<int>(flush(fd, SYS_fsync)); }
extern "C" int fdatasync(int fd) { return static_cast<int>(flush(fd, SYS_fdatasync)); }

STET_FAULT_NAMES(int, ftruncate, (int fd, off_t size), (fd, size))
extern "C" int shim_ftruncate(int fd, off_t size) {
  if (int e = fault_of(call_truncate, fd)) return fails(e);
  auto r = static_cast<int>(::syscall(SYS_ftruncate, fd, size));
  if (r == 0) note_truncate(fd, size);
  return r;
}
STET_FAULT_NAMES(int, fallocate, (int fd, int mode, off_t at, off_t n), (fd, mode, at, n))
extern "C" int shim_fallocate(int fd, int mode, off_t at, off_t n) {
  if (int e = fault_of(call_truncate, fd)) return fails(e);
  auto r = static_cast<int>(::syscall(SYS_fallocate, fd, mode, at, n));
  struct stat s{};
  if (r == 0 && mode == 0 && ::fstat(fd, &s) == 0) note_truncate(fd, s.st_size);
  return r;
}

STET_FAULT_NAMES(ssize_t, pread, (int fd, void* to, size_t n, off_t at), (fd, to, n, at))
extern "C" ssize_t shim_pread(int fd, void* to, size_t n, off_t at) {
  if (int e = fault_of(call_read, fd)) return fails(e);
  return ::syscall(SYS_pread64, fd, to, n, at);
}
extern "C" ssize_t read(int fd, void* to, size_t n) {
  if (int e = fault_of(call_read, fd)) return fails(e);
  return ::syscall(SYS_read, fd, to, n);
}

STET_FAULT_NAMES(void*, mmap, (void* p, size_t n, int prot, int flags, int fd, off_t at),
                 (p, n, prot, flags, fd, at))
extern "C" void* shim_mmap(void* p, size_t n, int prot, int flags, int fd, off_t at) {
  if (fd >= 0)
    if (int e = fault_of(call_map, fd)) {
      fails(e);
      return MAP_FAILED;
    }
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel returns a number
  return reinterpret_cast<void*>(::syscall(SYS_mmap, p, n, prot, flags, fd, at));
}

static mode_t mode_of(int flags, va_list rest) {
  return flags & (O_CREAT | O_TMPFILE) ? static_cast<mode_t>(va_arg(rest, int)) : 0;
}
#define STET_FAULT_OPEN(name)                                       \
  extern "C" int shim_##name(const char*, int, ...) __asm__(#name); \
  extern "C" int shim_##name(const char* path, int flags, ...) {    \
    va_list rest;                                                   \
    va_start(rest, flags);                                          \
    auto mode = mode_of(flags, rest);                               \
    va_end(rest);                                                   \
    return open_at(AT_FDCWD, path, flags, mode);                    \
  }
STET_FAULT_OPEN(open)
STET_FAULT_OPEN(open64)

extern "C" int rename(const char* from, const char* to) noexcept {
  if (int e = fault_of(call_rename, from)) return fails(e);
  auto r = static_cast<int>(::syscall(SYS_rename, from, to));
  if (r == 0) note_rename(from, to);
  return r;
}
extern "C" int unlink(const char* path) noexcept {
  if (int e = fault_of(call_rename, path)) return fails(e);
  auto r = static_cast<int>(::syscall(SYS_unlink, path));
  if (r == 0) note_unlink(path);
  return r;
}
