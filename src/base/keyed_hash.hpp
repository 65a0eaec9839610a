// SipHash-2-4 with 128 bits (Aumasson, Bernstein; https://github.com/veorq/SipHash): who doesn't
// know the key can't tell what any message comes to, whatever others he has seen.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace stet { inline namespace v0 { namespace detail {

/// 128 bits that nobody else knows: bytes 0 to 7 and 8 to 15, each read little-endian.
using hash_key = std::array<std::uint64_t, 2>;

/// The two halves of the hash, each as its bytes read little-endian.
std::array<std::uint64_t, 2> keyed_hash(const hash_key& key, std::string_view message) noexcept;

/// Whether two texts are the same, in a time that doesn't tell where they differ.
bool same_secret(std::string_view a, std::string_view b) noexcept;

}}}  // namespace stet::v0::detail
