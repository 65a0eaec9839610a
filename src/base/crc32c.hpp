// CRC-32C (Castagnoli): what says that a block is the block that was written.
#pragma once
#include <cstdint>
#include <string_view>

namespace stet { inline namespace v0 { namespace detail {

std::uint32_t crc32c(std::string_view bytes) noexcept;

}  // namespace detail
}}  // namespace stet::v0
