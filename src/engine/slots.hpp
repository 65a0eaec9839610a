// Who was in user code when the process died: a small file mapped into memory, beside the store.
//
// It need survive the death of the process only, never a power cut, so nothing is ever flushed. A
// slot is taken when user code begins and freed when it ends; what is still taken when the next
// engine opens the file was running at the death.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace stet { inline namespace v0 { namespace detail {

/// User code: a step's attempt, or (command 0) the workflow's own code.
struct occupant {
  std::uint64_t run = 0;
  std::uint32_t command = 0;
  std::uint32_t attempt = 0;
  bool suspected = false;  // it was being tried alone, under suspicion
};

class slots {
 public:
  slots() = default;
  slots(const slots&) = delete;
  slots& operator=(const slots&) = delete;
  ~slots();

  /// Maps the file, reads who was there and clears it. An empty path, or a file that can't be had
  /// or that the disk has no room for: no slots, no suspects.
  std::vector<occupant> open(const std::string& path);
  /// Any thread. Returns a slot, or -1 if there is none.
  int enter(const occupant& o) noexcept;
  void leave(int slot) noexcept;
  /// A clean close: nobody is in user code.
  void close() noexcept;
  /// And who still is, isn't seen any more.
  void detach() noexcept;

 private:
  struct cell;
  cell* cells_ = nullptr;
  std::atomic<unsigned> hint_{0};
};

/// Notes user code for the time of a scope.
class slot_guard {
 public:
  slot_guard(slots& s, const occupant& o) noexcept : slots_(s), slot_(s.enter(o)) {}
  slot_guard(const slot_guard&) = delete;
  slot_guard& operator=(const slot_guard&) = delete;
  ~slot_guard() { slots_.leave(slot_); }

 private:
  slots& slots_;
  int slot_;
};

}  // namespace detail
}}  // namespace stet::v0
