// The system's own type of an open file: the one thing in this folder's headers that differs from
// system to system.
#pragma once
#if defined(_WIN32)
#include <cstdint>
#endif

namespace stet { inline namespace v0 { namespace port {

#if defined(_WIN32)
using native_file = void*;
inline const native_file no_file = reinterpret_cast<void*>(std::intptr_t{-1});
#else
using native_file = int;
inline constexpr native_file no_file = -1;
#endif

}  // namespace port
}  // namespace v0
}  // namespace stet
