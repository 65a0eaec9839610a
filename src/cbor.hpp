// The part of CBOR (RFC 8949) that Stet writes: items of definite length. Reading trusts nothing:
// each length is checked against the bytes that are left before it is used.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

namespace stet { inline namespace v0 { namespace cbor {

enum major : unsigned { natural, negative, bytes, text, array, map, tag, simple };
constexpr char no = '\xf4', yes = '\xf5', null = '\xf6', number64 = '\xfb';

enum class problem { none, short_, unknown, too_big, too_deep };

struct head {
  unsigned major;
  unsigned width;       // bytes after the first one: 0, 1, 2, 4 or 8
  std::uint64_t value;  // the number, the length, or the bits of a simple value
};

inline unsigned major_of(char first) { return static_cast<unsigned char>(first) >> 5; }

// Takes the head of an item from `in`; leaves `in` alone if there is a problem.
inline problem take_head(std::string_view& in, head& h) noexcept {
  if (in.empty()) return problem::short_;
  const unsigned info = static_cast<unsigned char>(in[0]) & 31;
  h = {major_of(in[0]), 0, info};
  if (info > 27) return problem::unknown;  // reserved, or of indefinite length
  if (info >= 24) {
    h.width = 1u << (info - 24);
    if (in.size() <= h.width) return problem::short_;
    h.value = 0;
    for (unsigned char c : in.substr(1, h.width)) h.value = h.value << 8 | c;
  }
  in.remove_prefix(1 + h.width);
  return problem::none;
}

// Returns how many items follow the head of an array, map or tag.
inline std::uint64_t items_of(const head& h) noexcept {
  return h.major == tag ? 1 : h.major == map ? 2 * h.value : h.value;
}

// Takes one item with all items in it. After a problem, `in` starts at the place of the problem.
inline problem skip(std::string_view& in, unsigned depth_max) noexcept {
  head h;
  const auto before = in;
  if (auto p = take_head(in, h); p != problem::none) return p;
  if (h.major == negative && h.value >> 63 != 0) return in = before, problem::too_big;
  if (h.major == natural || h.major == negative || h.major == simple) return problem::none;
  if (h.major != tag && h.value > in.size()) return in = before, problem::short_;
  if (h.major == bytes || h.major == text) return in.remove_prefix(h.value), problem::none;
  if (depth_max == 0) return in = before, problem::too_deep;
  for (auto count = items_of(h); count > 0; --count)
    if (auto p = skip(in, depth_max - 1); p != problem::none) return p;
  return problem::none;
}

// Returns the number with these bits, of 2, 4 or 8 bytes.
inline double to_double(std::uint64_t bits, unsigned width) noexcept {
  if (width == 8) return std::bit_cast<double>(bits);
  if (width == 4)
    return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  const int exponent = static_cast<int>(bits >> 10 & 0x1f);
  const auto fraction = static_cast<double>(bits & 0x3ff);
  double v = exponent == 0    ? std::ldexp(fraction, -24)
             : exponent != 31 ? std::ldexp(fraction + 1024, exponent - 25)
             : fraction == 0  ? std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::quiet_NaN();
  return (bits & 0x8000) != 0 ? -v : v;
}

}  // namespace cbor

}  // namespace v0
}  // namespace stet
