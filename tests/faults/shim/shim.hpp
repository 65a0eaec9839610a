// Declarations that the shim's parts share.
#pragma once
#include "faults/shim/control.hpp"

namespace stet_faults {

/// If it is null, the shim does nothing. Never fails, never allocates.
extern control* the_control;

inline bool is_armed() noexcept {
  return the_control && the_control->armed.load(std::memory_order_relaxed);
}

}  // namespace stet_faults
