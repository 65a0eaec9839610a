// The blocks that are in the store, or on their way there.
#pragma once
#include <cstdint>
#include <deque>

#include "base/ensure.hpp"
#include "base/ids.hpp"

namespace stet { inline namespace v0 { namespace detail {

class kept_blocks {
 public:
  void add(std::uint64_t number, record_lsn last_lsn, std::size_t bytes) {
    all_.push_back({number, last_lsn, bytes});
    bytes_ += bytes;
  }
  std::size_t bytes() const noexcept { return bytes_; }
  /// The blocks that are to be dropped so that about `leave_bytes` remain.
  struct cut {
    record_lsn last_lsn;      // of the last block to drop; 0 if none
    std::uint64_t floor = 0;  // the first block that stays
  };
  cut cut_to(std::size_t leave_bytes) const noexcept {
    cut c;
    auto left = bytes_;
    for (auto b = all_.begin(); b != all_.end() && left > leave_bytes; ++b) {
      left -= b->bytes;
      c = {b->last_lsn, b->number + 1};
    }
    return c;
  }
  /// Drops the blocks before this one.
  void drop_before(std::uint64_t number) {
    for (; !all_.empty() && all_.front().number < number; all_.pop_front())
      bytes_ -= all_.front().bytes;
    ensure(!all_.empty() || bytes_ == 0, "the bytes kept are the bytes counted");
  }

 private:
  struct block {
    std::uint64_t number;
    record_lsn last_lsn;
    std::size_t bytes;
  };
  std::deque<block> all_;
  std::size_t bytes_ = 0;
};

}}}  // namespace stet::v0::detail
