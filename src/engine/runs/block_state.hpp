// The block that was given to the store last, and whether the store has refused it.
#pragma once
#include <cstdint>

namespace stet { inline namespace v0 { namespace detail {

/// Only the commit line writes it.
struct block_state {
  bool is_refused = false;  // certainly not written; it is tried again until there is room
  // Its number, and that of the last block that was joined to it. 0 if no block is on its way.
  std::uint64_t first = 0, last = 0;

  bool is_on_its_way() const noexcept { return first != 0; }
  bool has(std::uint64_t block) const noexcept {
    return first != 0 && block >= first && block <= last;
  }
};

}}}  // namespace stet::v0::detail
