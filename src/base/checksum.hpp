// Values that end with the CRC-32C of all bytes before it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/crc32c.hpp"

namespace stet { inline namespace v0 { namespace detail {

inline constexpr std::size_t checksum_bytes = 4;

inline void put_checksum(std::string& out, std::uint32_t sum) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(sum >> shift));
}
/// Takes a checksum. Throws malformed.
inline std::uint32_t take_checksum(source& in) {
  std::uint32_t sum = 0;
  for (char c : in.take(checksum_bytes)) sum = sum << 8 | static_cast<unsigned char>(c);
  return sum;
}
/// Appends the checksum to a value.
inline void add_checksum(std::string& value) { put_checksum(value, crc32c(value)); }
/// Returns a value without the checksum at its end; empty if the checksum is wrong.
inline std::string_view without_checksum(std::string_view value) {
  if (value.size() < checksum_bytes) return {};
  auto body = value.substr(0, value.size() - checksum_bytes);
  source end(value.substr(body.size()));
  return take_checksum(end) == crc32c(body) ? body : std::string_view();
}

}  // namespace detail
}}  // namespace stet::v0
