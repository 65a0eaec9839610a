// SipHash-2-4 with 128 bits (Aumasson, Bernstein; https://github.com/veorq/SipHash). Without the
// key the hash of a message can't be predicted, not even from the hashes of other messages.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace stet { inline namespace v0 { namespace detail {

/// 128 secret bits: bytes 0 to 7 and 8 to 15, each read little-endian.
using hash_key = std::array<std::uint64_t, 2>;

/// The two halves of the hash, each read little-endian from its bytes.
std::array<std::uint64_t, 2> keyed_hash(const hash_key& key, std::string_view message) noexcept;

/// Compares two texts, in a time that doesn't show where they differ.
bool same_secret(std::string_view a, std::string_view b) noexcept;

}}}  // namespace stet::v0::detail
