// Calls that were performed, and wait until the last record on which their answer depends is
// durable.
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

  /// Lets a caller go on as soon as everything up to `lsn` is durable. `why_refused`: the error for
  /// the caller while the store refuses to write; null if the store doesn't refuse, or if writes
  /// that make room are joined to the block.
  void give(call& c, record_lsn lsn, const std::exception_ptr& why_refused);
  /// Lets the callers go on whose answers are durable by now.
  void release();
  /// The store has refused a block that ends with this LSN. Callers get the error; calls that only
  /// read are posted again. `makes_room`: the records after the block are joined to it, so calls
  /// that depend on them wait.
  void refuse(const std::exception_ptr& why, record_lsn block_end, bool makes_room, inbox& i);
  /// Takes a call back from whatever keeps it. It gets no answer then.
  void forget(waiting_call& c) noexcept;
  void forget(call& c) noexcept;
  void clear() noexcept { waiting_.clear(); }
  bool empty() const noexcept { return waiting_.empty(); }

 private:
  const journal& journal_;
  run_room& runs_;
  std::deque<std::pair<record_lsn, call*>> waiting_;  // (LSN, the call that waits for it)
};

}}}  // namespace stet::v0::detail
