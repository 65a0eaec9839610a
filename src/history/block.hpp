// A block: the records of one group commit, of many runs, as one value of the store.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/engine_time.hpp"
#include "base/ids.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// The header before the records. On disk: 40 bytes, big-endian; see docs/format.md.
struct block_header {
  std::uint64_t number = 0;
  record_lsn first_lsn;
  std::uint32_t count = 0;  // records
  engine_time time;         // when it was sealed
};
inline constexpr std::size_t block_header_bytes = 40;

/// Writes the header into the first block_header_bytes of `block`, with the checksum. The records
/// are in `block` already, after these bytes.
void seal_block(std::string& block, const block_header& h);

/// Checks format, number, count of bytes and checksum. Throws malformed, with the first fault
/// found.
block_header open_block(std::string_view block, std::uint64_t expected_number);
inline std::string_view records_of(std::string_view block) {
  return block.substr(block_header_bytes);
}

}  // namespace detail
}}  // namespace stet::v0
