// The error code of a commit for which a store has no room.
#pragma once
#include <stet/store.hpp>

#include "port/errors.hpp"

namespace stet { inline namespace v0 { namespace backend {

using port::is_no_room;

/// errc::full promises that the same commit succeeds once there is room. If the outcome is unknown,
/// it doesn't: the store has failed.
constexpr errc honest(errc code, commit_outcome outcome) noexcept {
  return code == errc::full && outcome == commit_outcome::unknown ? errc::store : code;
}

}  // namespace backend
}  // namespace v0
}  // namespace stet
