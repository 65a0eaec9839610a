// Calls that were performed, and wait until what their answer depends on is durable.
#pragma once
#include <cstdint>
#include <deque>
#include <utility>

#include "engine/door/inbox.hpp"
#include "engine/runs/run_room.hpp"
#include "journal/journal.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class answers {
 public:
  answers(const journal& j, run_room& r) : journal_(j), runs_(r) {}

  /// Lets a caller go on as soon as everything up to `lsn` is durable. `why_refused`: the error
  /// while the store refuses to write; null if it doesn't, or if what erases goes along.
  void give(call& c, record_lsn lsn, const std::exception_ptr& why_refused);
  /// What is durable by now lets its callers go on.
  void release();
  /// The store has refused a block that ends with this LSN. Callers get the error; those who only
  /// look are posted again. `makes_room`: what comes after the block goes along with it, and waits.
  void refuse(const std::exception_ptr& why, record_lsn block_end, bool makes_room, inbox& i);
  /// Takes a call back from whoever keeps it: it is no longer answered.
  void forget(waiting_call& c) noexcept;
  void forget(call& c) noexcept;
  void clear() noexcept { waiting_.clear(); }
  bool empty() const noexcept { return waiting_.empty(); }

 private:
  const journal& journal_;
  run_room& runs_;
  std::deque<std::pair<record_lsn, call*>> waiting_;  // (LSN, who waits for it)
};

}}}  // namespace stet::v0::detail
