#include "base/crc32c.hpp"

#include <array>
#include <cstddef>
#include <cstring>

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ (c & 1 ? 0x82f63b78u : 0u);
    table[i] = c;
  }
  return table;
}

std::uint32_t by_table(std::string_view bytes) noexcept {
  static constexpr auto table = make_table();
  std::uint32_t crc = ~0u;
  for (char b : bytes) crc = table[(crc ^ static_cast<unsigned char>(b)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::string_view bytes) noexcept {
  std::uint64_t crc = ~0u;
  const char* p = bytes.data();
  std::size_t n = bytes.size();
  for (; n >= 8; p += 8, n -= 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    crc = __builtin_ia32_crc32di(crc, word);
  }
  auto small = static_cast<std::uint32_t>(crc);
  for (; n > 0; ++p, --n) small = __builtin_ia32_crc32qi(small, static_cast<unsigned char>(*p));
  return ~small;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes) noexcept {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2");
  if (has_instruction) return by_instruction(bytes);
#endif
  return by_table(bytes);
}

}  // namespace detail
}}  // namespace stet::v0
