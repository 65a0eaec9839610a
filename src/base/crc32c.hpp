// CRC-32C (Castagnoli): the checksum that shows whether a block is the one that was written.
#pragma once
#include <cstdint>
#include <string_view>

#include <stet/export.hpp>

namespace stet { inline namespace v0 { namespace detail {

// STET_API: the libraries of our stores call it too.
STET_API std::uint32_t crc32c(std::string_view bytes) noexcept;

}  // namespace detail
}}  // namespace stet::v0
