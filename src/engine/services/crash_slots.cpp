#include "engine/services/crash_slots.hpp"

#include "base/thread_number.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// On entering `state` is written last, and on leaving first: so a cell that is marked as taken is
/// complete.
struct crash_slots::cell {
  std::atomic<std::uint32_t> state;  // 0: free; 1: being written; else taken, see below
  command_number command;
  run_number run;
  std::uint32_t attempt;
  code_use use;
  std::uint64_t records;
  std::uint32_t id;
  std::uint32_t unused[5];  // a cell is a cache line
};

namespace {

constexpr unsigned code_cells = 768;     // for threads in user code
constexpr unsigned pending_cells = 256;  // after those; for steps that are pending
constexpr unsigned cell_count = code_cells + pending_cells;
constexpr std::size_t file_bytes = std::size_t{64} * cell_count;
enum : std::uint32_t { free_cell = 0, writing = 1, taken = 2, tried_alone = 3, tried_beside = 4 };

std::uint32_t state_of(trial t) noexcept {
  return t == trial::alone ? tried_alone : t == trial::beside ? tried_beside : taken;
}
trial trial_of(std::uint32_t state) noexcept {
  return state == tried_alone ? trial::alone : state == tried_beside ? trial::beside : trial::none;
}

}  // namespace

std::vector<occupant> crash_slots::open(const std::string& path) {
  static_assert(sizeof(cell) == 64);
  std::vector<occupant> found;
  if (path.empty() || !mapping_.open(path, file_bytes)) return found;
  cells_ = static_cast<cell*>(mapping_.data());
  for (unsigned i = 0; i < cell_count; ++i) {
    auto& c = cells_[i];
    auto state = c.state.load();
    if (state >= taken)
      found.push_back({c.run, c.command, c.attempt, trial_of(state), c.use, c.records, c.id});
    c.state.store(free_cell);
  }
  return found;
}

int crash_slots::enter(const occupant& o) noexcept {
  if (!cells_) return -1;
  return enter(o, 0, code_cells, thread_number());
}

int crash_slots::enter_pending(const occupant& o) noexcept {
  if (!cells_) return -1;
  auto before = pending_.fetch_add(1, std::memory_order_relaxed);
  int slot = before < pending_cells ? enter(o, code_cells, pending_cells, before) : -1;
  if (slot < 0) pending_.fetch_sub(1, std::memory_order_relaxed);
  return slot;
}

/// Takes the first free cell, from the `hint`-th on: a thread mostly has the same one, which no
/// other thread's cache has. Returns -1 if all are taken; then this code can't be suspected.
int crash_slots::enter(const occupant& o, unsigned first_cell, unsigned count,
                       unsigned hint) noexcept {
  for (unsigned i = 0; i < count; ++i) {
    auto slot = first_cell + (hint + i) % count;
    auto& c = cells_[slot];
    std::uint32_t expected = free_cell;
    if (!c.state.compare_exchange_strong(expected, writing, std::memory_order_acquire)) continue;
    c.run = o.run;
    c.command = o.command;
    c.attempt = o.attempt;
    c.use = o.use;
    c.records = o.records;
    c.id = o.id;
    c.state.store(state_of(o.tried), std::memory_order_release);
    return static_cast<int>(slot);
  }
  return -1;
}

void crash_slots::leave(int slot) noexcept {
  if (slot < 0) return;
  cells_[slot].state.store(free_cell, std::memory_order_release);
  if (slot >= static_cast<int>(code_cells)) pending_.fetch_sub(1, std::memory_order_relaxed);
}

void crash_slots::clear_suspect(int slot) noexcept {
  if (slot < 0) return;
  for (std::uint32_t tried : {tried_alone, tried_beside})
    cells_[slot].state.compare_exchange_strong(tried, taken);
}

void crash_slots::try_again(int slot, trial how) noexcept {
  if (slot >= 0) cells_[slot].state.store(state_of(how), std::memory_order_release);
}

void crash_slots::close() noexcept {
  if (!cells_) return;
  for (unsigned i = 0; i < cell_count; ++i) cells_[i].state.store(free_cell);
}

/// A thread that leaves its slot later doesn't touch those of the next engine.
void crash_slots::detach() noexcept {
  if (!cells_) return;
  close();
  mapping_.detach();
}

}  // namespace detail
}}  // namespace stet::v0
