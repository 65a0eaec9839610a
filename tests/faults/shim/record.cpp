#include "faults/shim/record.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "faults/shim/shim.hpp"

// NOLINTBEGIN(bugprone-reserved-identifier): malloc itself, which the shim makes fail
extern "C" void* __libc_malloc(std::size_t);
extern "C" void __libc_free(void*);
// NOLINTEND(bugprone-reserved-identifier)

namespace stet_faults {
namespace {

/// The bytes that writes since the last flush have replaced; newest first.
struct replaced {
  replaced* next;
  ino_t file;
  off_t at, size_before;
  std::size_t bytes;
  char* data() { return reinterpret_cast<char*>(this + 1); }
};

std::mutex mutex;
replaced* undo = nullptr;

bool is_recording() noexcept { return is_armed() && the_control->record[0]; }
bool is_undoable() noexcept { return is_armed() && the_control->error == lying_flush; }

/// Appends with one write, so that calls of several threads are whole and in order.
void put(std::uint32_t kind, const char* path, const void* data, std::size_t n, off_t at) noexcept {
  static int out = -1;
  std::lock_guard lock(mutex);
  if (out < 0)
    out = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, the_control->record,
                                     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  recorded_call head{kind, static_cast<std::uint32_t>(std::strlen(path)),
                     static_cast<std::uint64_t>(at), n};
  ::syscall(SYS_write, out, &head, sizeof head);
  ::syscall(SYS_write, out, path, head.path_bytes);
  if (n && data) ::syscall(SYS_write, out, data, n);
}

void drop_undo(ino_t file) noexcept {
  for (auto** p = &undo; *p;) {
    auto* r = *p;
    if (r->file != file) {
      p = &r->next;
      continue;
    }
    *p = r->next;
    __libc_free(r);
  }
}

}  // namespace

const char* watched_path(const char* path) noexcept {
  if (!is_armed()) return nullptr;
  auto& files = the_control->files;
  auto n = std::strlen(files);
  return n && std::strncmp(path, files, n) == 0 ? path + n : nullptr;
}

const char* watched_path(int fd, char (&buffer)[512]) noexcept {
  if (!is_armed() || !the_control->files[0]) return nullptr;
  char link[64];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  auto n = ::syscall(SYS_readlink, link, buffer, sizeof buffer - 1);
  if (n <= 0) return nullptr;
  buffer[n] = 0;
  return watched_path(buffer);
}

off_t note_before(int fd, off_t at, std::size_t n) noexcept {
  if (!is_recording() && !is_undoable()) return at;
  char path[512];
  if (!watched_path(fd, path)) return at;
  struct stat s{};
  ::fstat(fd, &s);
  if (at < 0) at = ::fcntl(fd, F_GETFL) & O_APPEND ? s.st_size : ::lseek(fd, 0, SEEK_CUR);
  bool through = ::fcntl(fd, F_GETFL) & (O_DSYNC | O_SYNC);
  if (!is_undoable() || through) return at;
  auto* r = static_cast<replaced*>(__libc_malloc(sizeof(replaced) + n));
  if (!r) return at;
  *r = {nullptr, s.st_ino, at, s.st_size, 0};
  // The descriptor may be open for writing only.
  char self[64];
  std::snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  int in = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, self, O_RDONLY | O_CLOEXEC, 0));
  if (in >= 0) {
    auto got = ::syscall(SYS_pread64, in, r->data(), n, at);
    r->bytes = got > 0 ? static_cast<std::size_t>(got) : 0;
    ::syscall(SYS_close, in);
  }
  std::lock_guard lock(mutex);
  r->next = undo;
  undo = r;
  return at;
}

void note_write(int fd, const void* data, std::size_t n, off_t at) noexcept {
  if (!is_recording()) return;
  char path[512];
  auto* p = watched_path(fd, path);
  if (!p) return;
  put(call_write, p, data, n, at);
  if (::fcntl(fd, F_GETFL) & (O_DSYNC | O_SYNC)) put(recorded_through, p, nullptr, 0, at);
}

void note_flush(int fd, bool data_only) noexcept {
  char path[512] = {};
  if (is_undoable()) {
    struct stat s{};
    ::fstat(fd, &s);
    std::lock_guard lock(mutex);
    drop_undo(s.st_ino);
  }
  if (!is_recording()) return;
  if (auto* p = watched_path(fd, path)) put(call_flush, p, nullptr, 0, data_only);
  else if (std::strncmp(path, the_control->files, std::strlen(path)) == 0)
    put(call_flush, "/..", nullptr, 0, 0);  // the folder of the store
}

void note_truncate(int fd, off_t size) noexcept {
  char path[512];
  if (is_recording())
    if (auto* p = watched_path(fd, path)) put(call_truncate, p, nullptr, 0, size);
}

void note_create(const char* path) noexcept {
  if (is_recording())
    if (auto* p = watched_path(path)) put(call_open, p, nullptr, 0, 0);
}

void note_rename(const char* from, const char* to) noexcept {
  if (!is_recording()) return;
  auto *f = watched_path(from), *t = watched_path(to);
  if (f && t) put(call_rename, f, t, std::strlen(t), 0);
}

void note_unlink(const char* path) noexcept {
  if (is_recording())
    if (auto* p = watched_path(path)) put(recorded_unlink, p, nullptr, 0, 0);
}

void forget_dirty(int fd) noexcept {
  struct stat s{};
  ::fstat(fd, &s);
  std::lock_guard lock(mutex);
  for (auto* r = undo; r; r = r->next) {
    if (r->file != s.st_ino) continue;
    if (r->bytes) ::syscall(SYS_pwrite64, fd, r->data(), r->bytes, r->at);
    ::syscall(SYS_ftruncate, fd, r->size_before);
  }
  drop_undo(s.st_ino);
}

}  // namespace stet_faults
