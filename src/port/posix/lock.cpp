#include "port/lock.hpp"

#include <sys/file.h>

#include "port/posix/system.hpp"

namespace stet { inline namespace v0 { namespace port {

bool lock(const file& f, int& error) noexcept {
  const bool is_ours = uninterrupted([&] { return ::flock(f.native(), LOCK_EX | LOCK_NB); }) == 0;
  error = is_ours || errno == EWOULDBLOCK ? 0 : errno;
  return is_ours;
}

}  // namespace port
}  // namespace v0
}  // namespace stet
