// malloc and its family, which fail when told to. operator new calls malloc.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include "faults/shim/shim.hpp"

// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}
// NOLINTEND(bugprone-reserved-identifier)

namespace stet_faults {

control* the_control = nullptr;

namespace {

__attribute__((constructor)) void map_control() noexcept {
  const char* path = std::getenv("STET_FAULT_CONTROL");
  if (!path) return;
  int fd = ::open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* p = ::mmap(nullptr, sizeof(control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (p != MAP_FAILED) the_control = static_cast<control*>(p);
}

bool is_denied() noexcept {
  if (!is_armed() || the_control->deny_times == 0) return false;
  long n = ++the_control->allocations;
  auto& c = *the_control;
  if (c.deny_from == 0 || n < c.deny_from || n - c.deny_from >= c.deny_times) return false;
  ++c.denied;
  errno = ENOMEM;
  return true;
}

}  // namespace
}  // namespace stet_faults

using stet_faults::is_denied;

extern "C" {

stet_faults::control* stet_fault_control() noexcept { return stet_faults::the_control; }

void* malloc(std::size_t n) { return is_denied() ? nullptr : __libc_malloc(n); }
void* calloc(std::size_t n, std::size_t size) {
  return is_denied() ? nullptr : __libc_calloc(n, size);
}
void* realloc(void* p, std::size_t n) { return is_denied() ? nullptr : __libc_realloc(p, n); }
void* memalign(std::size_t align, std::size_t n) {
  return is_denied() ? nullptr : __libc_memalign(align, n);
}
void* aligned_alloc(std::size_t align, std::size_t n) { return memalign(align, n); }
int posix_memalign(void** p, std::size_t align, std::size_t n) {
  void* got = memalign(align, n);
  if (!got) return ENOMEM;
  *p = got;
  return 0;
}
}
