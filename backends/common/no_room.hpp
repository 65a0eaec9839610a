// When a store has no room, and when it may say so.
#pragma once
#include <cerrno>

#include <stet/store.hpp>

namespace stet { inline namespace v0 { namespace backend {

/// The system's numbers for "there is no room": of the disk, of a quota, of the longest file.
constexpr bool is_no_room(int native) noexcept {
  return native == ENOSPC || native == EDQUOT || native == EFBIG;
}

/// errc::full promises that the same commit goes on when there is room. One whose outcome is
/// unknown doesn't: the store has failed.
constexpr errc honest(errc code, commit_outcome outcome) noexcept {
  return code == errc::full && outcome == commit_outcome::unknown ? errc::store : code;
}

}  // namespace backend
}  // namespace v0
}  // namespace stet
