// Turns numbers and strings into bytes and back: records, snapshots and keys consist of them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace stet { inline namespace v0 { namespace detail {

/// Thrown by every decoder if the bytes make no sense. The caller knows what the bytes were, and
/// says that in its own error.
class malformed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline void put_byte(std::string& out, std::uint8_t v) { out.push_back(static_cast<char>(v)); }

/// Appends LEB128: seven bits per byte, the lowest first.
inline void put_varint(std::string& out, std::uint64_t v) {
  if (v < 0x80) return out.push_back(static_cast<char>(v));  // nearly all are this small
  char bytes[10];
  std::size_t n = 0;
  for (; v >= 0x80; v >>= 7) bytes[n++] = static_cast<char>(v | 0x80);
  bytes[n++] = static_cast<char>(v);
  out.append(bytes, n);
}
inline void put_signed(std::string& out, std::int64_t v) {
  put_varint(out, (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63));
}
inline void put_text(std::string& out, std::string_view v) {
  put_varint(out, v.size());
  out.append(v);
}
/// Appends eight bytes, the highest first: byte order is number order.
inline void put_big_endian(std::string& out, std::uint64_t v) {
  char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(v >> (56 - 8 * i));
  out.append(bytes, 8);
}

/// The most bytes that a number takes as LEB128.
inline constexpr std::size_t varint_bytes_max = 10;

/// Writes the same to memory that was made before, and is long enough: nothing is checked.
class sink {
 public:
  explicit sink(char* begin) noexcept : at_(begin) {}
  /// The place after what was written.
  char* end() const noexcept { return at_; }

  void byte(std::uint8_t v) noexcept { *at_++ = static_cast<char>(v); }
  void varint(std::uint64_t v) noexcept {
    for (; v >= 0x80; v >>= 7) byte(static_cast<std::uint8_t>(v | 0x80));
    byte(static_cast<std::uint8_t>(v));
  }
  void signed_varint(std::int64_t v) noexcept {
    varint((static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63));
  }
  void text(std::string_view v) noexcept {
    varint(v.size());
    at_ += v.copy(at_, v.size());
  }
  void big_endian(std::uint64_t v) noexcept {
    for (int shift = 56; shift >= 0; shift -= 8) byte(static_cast<std::uint8_t>(v >> shift));
  }

 private:
  char* at_;
};

/// Reads what the functions above wrote. The bytes may be damaged.
class source {
 public:
  explicit source(std::string_view bytes) noexcept : rest_(bytes) {}
  bool done() const noexcept { return rest_.empty(); }
  std::size_t left() const noexcept { return rest_.size(); }
  std::string_view rest() const noexcept { return rest_; }

  std::string_view take(std::uint64_t n) {
    if (n > rest_.size()) throw malformed("it ends too soon");
    auto r = rest_.substr(0, static_cast<std::size_t>(n));
    rest_.remove_prefix(static_cast<std::size_t>(n));
    return r;
  }
  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1)[0]); }
  std::uint64_t varint() {
    if (rest_.empty() || static_cast<unsigned char>(rest_.front()) >= 0x80) [[unlikely]]
      return long_varint();
    std::uint64_t v = static_cast<unsigned char>(rest_.front());  // nearly all are this small
    rest_.remove_prefix(1);
    return v;
  }
  std::uint32_t varint32() {
    auto v = varint();
    if (v > 0xffffffff) throw malformed("a number is too large");
    return static_cast<std::uint32_t>(v);
  }
  std::int64_t signed_varint() {
    auto v = varint();
    return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
  }
  std::string_view text() { return take(varint()); }
  std::uint64_t big_endian() {
    const char* bytes = take(8).data();
    std::uint64_t v = 0;
    for (int i = 0; i < 8; ++i) v = v << 8 | static_cast<unsigned char>(bytes[i]);
    return v;
  }

 private:
  std::uint64_t long_varint() {
    std::uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      auto b = byte();
      if (shift == 63 && b > 1) throw malformed("a number is too large");
      v |= static_cast<std::uint64_t>(b & 0x7f) << shift;
      if (b < 0x80) return v;
    }
    throw malformed("a number is too long");
  }

  std::string_view rest_;
};

}  // namespace detail
}}  // namespace stet::v0
