// What the store is doing with the block that was given to it last.
#pragma once
#include <cstdint>

namespace stet { inline namespace v0 { namespace detail {

/// Written by the commit line alone.
struct block_state {
  bool is_refused = false;  // certainly not written: it is tried again until there is room
  // Its number, and that of the last block that was joined to it; 0: none is on its way.
  std::uint64_t first = 0, last = 0;

  bool is_on_its_way() const noexcept { return first != 0; }
  bool has(std::uint64_t block) const noexcept {
    return first != 0 && block >= first && block <= last;
  }
};

}}}  // namespace stet::v0::detail
