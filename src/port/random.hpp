// Random bits from the system.
#pragma once
#include <cstdint>

namespace stet { inline namespace v0 { namespace port {

/// Gets random bits from the kernel: unique across devices, also after a fork or in a restored
/// image. Returns false if the system has none.
bool random_bits(std::uint64_t& bits) noexcept;

}  // namespace port
}  // namespace v0
}  // namespace stet
