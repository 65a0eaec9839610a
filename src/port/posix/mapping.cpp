#include "port/mapping.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <tuple>

#include "port/files.hpp"
#include "port/posix/system.hpp"

namespace stet { inline namespace v0 { namespace port {
namespace {

/// If a pipe has the name, doesn't wait for a process to open the pipe's other end.
int open_own(const std::string& path) noexcept {
  constexpr int flags = O_RDWR | O_NONBLOCK;
  int fd = open_plain(path, flags | O_CREAT | O_EXCL);
  if (fd >= 0) ::fchmod(fd, owner_only);
  else fd = open_plain(path, flags);
  return fd;
}

}  // namespace

shared_mapping::~shared_mapping() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

bool shared_mapping::open(const std::string& path, std::size_t bytes) noexcept {
  const file f = file::own(open_own(path));
  file_facts facts;
  if (!f.is_open() || f.look(facts) != 0) return false;
  if (facts.kind != file_kind::regular || facts.names != 1) return false;
  if (f.set_size(bytes) != 0 || allocate(f.native(), bytes) != 0) return false;
  void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, f.native(), 0);
  if (mapped == MAP_FAILED) return false;
  data_ = mapped;
  bytes_ = bytes;
  return true;
}

void shared_mapping::detach() noexcept {
  if (data_ == nullptr) return;
  std::ignore =
      ::mmap(data_, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

bool has_address_space(std::size_t bytes) noexcept {
  void* p = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return false;
  ::munmap(p, bytes);
  return true;
}

}  // namespace port
}  // namespace v0
}  // namespace stet
