#include "engine/slots.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <tuple>

namespace stet { inline namespace v0 { namespace detail {

/// `state` is written last on entering and first on leaving: a cell that says it is taken is whole.
struct slots::cell {
  std::atomic<std::uint32_t> state;  // 0: free, 1: being written, 2: taken, 3: taken, suspected
  std::uint32_t command;
  std::uint64_t run;
  std::uint32_t attempt;
  std::uint32_t unused[11];  // a cell is a cache line
};

namespace {

constexpr unsigned cell_count = 64;
constexpr std::size_t file_bytes = std::size_t{64} * cell_count;
enum : std::uint32_t { free_cell = 0, writing = 1, taken = 2, taken_suspected = 3 };

/// True if each of its bytes has a place on the disk: a write into the mapping of a hole ends the
/// process with SIGBUS where the disk is full. What the file holds stays.
bool has_room(int fd) noexcept {
  int native;
  do native = ::posix_fallocate(fd, 0, file_bytes);
  while (native == EINTR);
  return native == 0;
}

/// Mode 0600, whatever the umask.
int open_own(const std::string& path) {
  constexpr int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  int fd = ::open(path.c_str(), flags | O_CREAT | O_EXCL, 0600);
  if (fd >= 0) ::fchmod(fd, 0600);
  else fd = ::open(path.c_str(), flags);
  return fd;
}

}  // namespace

slots::~slots() {
  static_assert(sizeof(cell) == 64);
  if (cells_) ::munmap(cells_, file_bytes);
}

std::vector<occupant> slots::open(const std::string& path) {
  std::vector<occupant> found;
  if (path.empty()) return found;
  int fd = open_own(path);
  if (fd < 0) return found;
  void* mapped = MAP_FAILED;
  struct stat s;
  const bool is_ours = ::fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_nlink == 1;
  if (is_ours && ::ftruncate(fd, file_bytes) == 0 && has_room(fd))
    mapped = ::mmap(nullptr, file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (mapped == MAP_FAILED) return found;
  cells_ = static_cast<cell*>(mapped);
  for (unsigned i = 0; i < cell_count; ++i) {
    auto state = cells_[i].state.load();
    if (state >= taken)
      found.push_back(
          {cells_[i].run, cells_[i].command, cells_[i].attempt, state == taken_suspected});
    cells_[i].state.store(free_cell);
  }
  return found;
}

int slots::enter(const occupant& o) noexcept {
  if (!cells_) return -1;
  auto first = hint_.fetch_add(1, std::memory_order_relaxed);
  for (unsigned i = 0; i < cell_count; ++i) {
    auto& c = cells_[(first + i) % cell_count];
    std::uint32_t expected = free_cell;
    if (!c.state.compare_exchange_strong(expected, writing, std::memory_order_acquire)) continue;
    c.run = o.run;
    c.command = o.command;
    c.attempt = o.attempt;
    c.state.store(o.suspected ? taken_suspected : taken, std::memory_order_release);
    return static_cast<int>((first + i) % cell_count);
  }
  return -1;  // more threads in user code than slots: the rest can't be suspected
}

void slots::leave(int slot) noexcept {
  if (slot >= 0) cells_[slot].state.store(free_cell, std::memory_order_release);
}

void slots::close() noexcept {
  if (!cells_) return;
  for (unsigned i = 0; i < cell_count; ++i) cells_[i].state.store(free_cell);
}

/// Fresh memory takes the file's place: whoever leaves later touches no slot of the next engine's.
void slots::detach() noexcept {
  if (!cells_) return;
  close();
  std::ignore = ::mmap(cells_, file_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

}  // namespace detail
}}  // namespace stet::v0
