#include "base/keyed_hash.hpp"

#include <bit>
#include <cstddef>

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t word_bytes = 8;

struct sip_state {
  std::uint64_t v0, v1, v2, v3;

  void rounds(int n) noexcept {
    while (n-- > 0) {
      v0 += v1;
      v1 = std::rotl(v1, 13) ^ v0;
      v0 = std::rotl(v0, 32);
      v2 += v3;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1;
      v1 = std::rotl(v1, 17) ^ v2;
      v2 = std::rotl(v2, 32);
    }
  }
  void take(std::uint64_t word) noexcept {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
  std::uint64_t give() noexcept {
    rounds(4);
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

/// Up to eight bytes as a number, the lowest first.
std::uint64_t word_of(std::string_view bytes) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = bytes.size(); i > 0; --i)
    word = word << 8 | static_cast<unsigned char>(bytes[i - 1]);
  return word;
}

}  // namespace

std::array<std::uint64_t, 2> keyed_hash(const hash_key& key, std::string_view message) noexcept {
  sip_state s{key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d ^ 0xee,
              key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
  auto length = static_cast<std::uint64_t>(message.size());
  for (; message.size() >= word_bytes; message.remove_prefix(word_bytes))
    s.take(word_of(message.substr(0, word_bytes)));
  s.take(length << 56 | word_of(message));
  s.v2 ^= 0xee;
  auto first = s.give();
  s.v1 ^= 0xdd;
  return {first, s.give()};
}

bool same_secret(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  unsigned differ = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    differ |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return differ == 0;
}

}}}  // namespace stet::v0::detail
