// CBOR (RFC 8949), as much of it as Stet writes: items of definite length. Reading trusts nothing:
// each length is checked against the bytes that are left before it is used.
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include <stet/codec.hpp>
#include <stet/error.hpp>

namespace stet {
inline namespace v0 {

// ---- the format

namespace cbor {
namespace {

enum major : unsigned { natural, negative, bytes, text, array, map, tag, simple };
constexpr char no = '\xf4', yes = '\xf5', null = '\xf6', number64 = '\xfb';

enum class problem { none, short_, unknown, too_big, too_deep };

struct head {
  unsigned major;
  unsigned width;       // bytes after the first one: 0, 1, 2, 4 or 8
  std::uint64_t value;  // the number, the length, or the bits of a simple value
};

unsigned major_of(char first) { return static_cast<unsigned char>(first) >> 5; }

// Takes the head of an item from `in`; leaves `in` alone if there is a problem.
problem take_head(std::string_view& in, head& h) noexcept {
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

// Takes one item with all that it holds; after a problem, `in` starts where it is.
problem skip(std::string_view& in, unsigned depth_max) noexcept {
  head h;
  const auto before = in;
  if (auto p = take_head(in, h); p != problem::none) return p;
  if (h.major == negative && h.value >> 63 != 0) return in = before, problem::too_big;
  if (h.major == natural || h.major == negative || h.major == simple) return problem::none;
  if (h.major != tag && h.value > in.size()) return in = before, problem::short_;
  if (h.major == bytes || h.major == text) return in.remove_prefix(h.value), problem::none;
  if (depth_max == 0) return in = before, problem::too_deep;
  auto count = h.major == tag ? 1 : h.major == map ? 2 * h.value : h.value;
  for (; count > 0; --count)
    if (auto p = skip(in, depth_max - 1); p != problem::none) return p;
  return problem::none;
}

// The bits of a number of 2, 4 or 8 bytes.
double to_double(std::uint64_t bits, unsigned width) noexcept {
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

}  // namespace
}  // namespace cbor

// ---- writer

void writer::head(unsigned major, std::uint64_t v) {
  const auto put = [&](unsigned info, int bytes) {
    out_.push_back(static_cast<char>(major << 5 | info));
    for (int i = bytes - 1; i >= 0; --i) out_.push_back(static_cast<char>(v >> (8 * i)));
  };
  if (v < 24)
    put(static_cast<unsigned>(v), 0);
  else if (v <= 0xff)
    put(24, 1);
  else if (v <= 0xffff)
    put(25, 2);
  else if (v <= 0xffffffff)
    put(26, 4);
  else
    put(27, 8);
}

void writer::null() { out_.push_back(cbor::null); }
void writer::boolean(bool v) { out_.push_back(v ? cbor::yes : cbor::no); }
void writer::natural(std::uint64_t v) { head(cbor::natural, v); }
void writer::integer(std::int64_t v) {
  const auto bits = static_cast<std::uint64_t>(v);
  if (v < 0)
    head(cbor::negative, ~bits);  // -1 - v, without an overflow
  else
    head(cbor::natural, bits);
}
void writer::number(double v) {
  const auto bits = std::bit_cast<std::uint64_t>(v);
  out_.push_back(cbor::number64);
  for (int shift = 56; shift >= 0; shift -= 8) out_.push_back(static_cast<char>(bits >> shift));
}
void writer::text(std::string_view v) {
  head(cbor::text, v.size());
  out_ += v;
}
void writer::bytes(std::string_view v) {
  head(cbor::bytes, v.size());
  out_ += v;
}
void writer::array(std::size_t count) { head(cbor::array, count); }
void writer::map(std::size_t count) { head(cbor::map, count); }
void writer::item(std::string_view cbor) {
  reader check(cbor);
  check.item();
  check.end();
  out_ += cbor;
}

// ---- reader

void reader::fail(std::string_view expected) const {
  throw error(errc::payload, "decode",
              "expected " + std::string(expected) + " at byte " + std::to_string(start_) + " of " +
                  std::to_string(size_));
}

void reader::fail_short(std::string_view expected) const {
  throw error(errc::payload, "decode",
              "expected " + std::string(expected) + " at byte " + std::to_string(start_) +
                  ", but the payload ends at byte " + std::to_string(size_));
}

std::string_view reader::take(std::uint64_t count, std::string_view expected) {
  if (count > in_.size()) fail_short(expected);
  auto taken = in_.substr(0, count);
  in_.remove_prefix(count);
  return taken;
}

std::uint64_t reader::head(unsigned major, std::string_view expected) {
  start_ = size_ - in_.size();
  if (in_.empty()) fail_short(expected);
  cbor::head h;
  if (cbor::major_of(in_[0]) != major) fail(expected);
  const auto p = cbor::take_head(in_, h);
  if (p == cbor::problem::short_) fail_short(expected);
  if (p != cbor::problem::none) fail(expected);
  return h.value;
}

bool reader::null() {
  start_ = size_ - in_.size();
  if (in_.empty() || in_[0] != cbor::null) return false;
  in_.remove_prefix(1);
  return true;
}

bool reader::boolean() {
  start_ = size_ - in_.size();
  const char c = take(1, "a boolean")[0];
  if (c != cbor::yes && c != cbor::no) fail("a boolean");
  return c == cbor::yes;
}

std::int64_t reader::integer() {
  constexpr std::string_view expected = "an integer of 64 bits";
  const bool negative = !in_.empty() && cbor::major_of(in_[0]) == cbor::negative;
  const std::uint64_t v = head(negative ? cbor::negative : cbor::natural, expected);
  if (v > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) fail(expected);
  return negative ? -1 - static_cast<std::int64_t>(v) : static_cast<std::int64_t>(v);
}

std::uint64_t reader::natural() { return head(cbor::natural, "a natural number"); }

double reader::number() {
  constexpr std::string_view expected = "a number";
  constexpr std::int64_t exact_max = std::int64_t{1} << std::numeric_limits<double>::digits;
  start_ = size_ - in_.size();
  if (in_.empty()) fail_short(expected);
  if (cbor::major_of(in_[0]) <= cbor::negative) {
    const std::int64_t v = integer();
    if (v > exact_max || v < -exact_max) fail("a number that a double holds");
    return static_cast<double>(v);
  }
  const auto bits = head(cbor::simple, expected);
  const auto width = static_cast<unsigned>(size_ - start_ - in_.size()) - 1;
  if (width < 2) fail(expected);  // true, null and their like
  return cbor::to_double(bits, width);
}

std::string_view reader::text() { return take(head(cbor::text, "a text"), "a text"); }
std::string_view reader::bytes() { return take(head(cbor::bytes, "bytes"), "bytes"); }

std::size_t reader::array() {
  const auto count = head(cbor::array, "an array");
  if (count > in_.size()) fail_short("an array");  // an item has at least a byte
  return count;
}

std::size_t reader::map() {
  const auto count = head(cbor::map, "a map");
  if (count > in_.size() / 2) fail_short("a map");
  return count;
}

std::string_view reader::item() {
  const auto before = in_;
  start_ = size_ - in_.size();
  switch (cbor::skip(in_, depth_max)) {
    case cbor::problem::none: break;
    case cbor::problem::short_: fail_short("a whole item");
    case cbor::problem::unknown: start_ = size_ - in_.size(); fail("an item of definite length");
    case cbor::problem::too_big: start_ = size_ - in_.size(); fail("an integer of 64 bits");
    case cbor::problem::too_deep: fail("an item nested at most 64 deep");
  }
  return before.substr(0, before.size() - in_.size());
}

void reader::end() {
  if (in_.empty()) return;
  start_ = size_ - in_.size();
  fail("nothing more");
}

// ---- describe_payload

namespace {

// Prints until its limit is passed. Never trusts what it prints.
class printer {
 public:
  printer(std::string_view in, std::size_t bytes_max)
      : in_(in), size_(in.size()), bytes_max_(bytes_max) {}

  std::string print() && {
    if (item(depth_max) && !in_.empty()) {
      out_ += ' ';
      invalid();
    }
    if (full()) cut();
    return std::move(out_);
  }

 private:
  static constexpr unsigned depth_max = 16;  // what is nested deeper helps nobody
  static constexpr std::string_view cut_off = "…";

  bool full() const { return out_.size() > bytes_max_; }

  bool invalid() {
    out_ += "<invalid at byte " + std::to_string(size_ - in_.size()) + ">";
    return false;
  }

  // Shortens to the limit, between two characters.
  void cut() {
    auto end = bytes_max_ < cut_off.size() ? 0 : bytes_max_ - cut_off.size();
    while (end > 0 && (static_cast<unsigned char>(out_[end]) & 0xc0) == 0x80) --end;
    out_.resize(end);
    if (bytes_max_ >= cut_off.size()) out_ += cut_off;
  }

  // Each of these returns whether it is of use to go on.

  bool item(unsigned levels) {
    if (full()) return false;
    cbor::head h;
    const auto before = in_;
    if (cbor::take_head(in_, h) != cbor::problem::none) return invalid();
    const bool has_length = h.major >= cbor::bytes && h.major <= cbor::map;
    if (has_length && h.value > in_.size()) {
      in_ = before;
      return invalid();
    }
    switch (h.major) {
      case cbor::natural: return out_ += std::to_string(h.value), true;
      case cbor::negative: return negative(h.value), true;
      case cbor::bytes: return bytes(h.value), true;
      case cbor::text: return text(h.value), true;
      case cbor::simple: return simple(h), true;
      default: return nested(h, levels);
    }
  }

  bool nested(const cbor::head& h, unsigned levels) {
    if (levels == 0) {
      out_ += cut_off;
      auto& rest = in_;
      // Its items are passed over, so that what follows it is still printed.
      for (auto n = h.major == cbor::map   ? 2 * h.value
                    : h.major == cbor::tag ? 1
                                           : h.value;
           n > 0; --n)
        if (cbor::skip(rest, reader::depth_max) != cbor::problem::none)
          return out_ += ' ', invalid();
      return true;
    }
    if (h.major == cbor::tag) out_ += std::to_string(h.value);
    out_ += h.major == cbor::tag ? '(' : h.major == cbor::map ? '{' : '[';
    const auto count = h.major == cbor::tag ? 1 : h.value;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i > 0) out_ += ", ";
      if (!item(levels - 1)) return false;
      if (h.major != cbor::map) continue;
      out_ += ": ";
      if (!item(levels - 1)) return false;
    }
    out_ += h.major == cbor::tag ? ')' : h.major == cbor::map ? '}' : ']';
    return true;
  }

  void negative(std::uint64_t v) {
    out_ += '-';  // -1 - v
    out_ += v == std::numeric_limits<std::uint64_t>::max() ? "18446744073709551616"
                                                           : std::to_string(v + 1);
  }

  void simple(const cbor::head& h) {
    if (h.width >= 2) return number(cbor::to_double(h.value, h.width));
    switch (h.value) {
      case 20: out_ += "false"; break;
      case 21: out_ += "true"; break;
      case 22: out_ += "null"; break;
      case 23: out_ += "undefined"; break;
      default: out_ += "simple(" + std::to_string(h.value) + ")";
    }
  }

  void number(double v) {
    if (std::isnan(v)) return void(out_ += "NaN");
    if (std::isinf(v)) return void(out_ += v < 0 ? "-Infinity" : "Infinity");
    char digits[32];
    const std::string_view d(digits, std::to_chars(digits, std::end(digits), v).ptr);
    out_ += d;
    if (d.find_first_of(".e") == d.npos) out_ += ".0";  // no integer
  }

  void hex(unsigned char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    out_ += digits[c >> 4];
    out_ += digits[c & 15];
  }

  void bytes(std::uint64_t count) {
    out_ += "h'";
    for (unsigned char c : in_.substr(0, count)) {
      if (full()) break;
      hex(c);
    }
    in_.remove_prefix(count);
    out_ += "'";
  }

  void text(std::uint64_t count) {
    auto rest = in_.substr(0, count);
    in_.remove_prefix(count);
    out_ += '"';
    while (!rest.empty() && !full()) {
      const auto length = character(rest);
      if (length > 1)
        out_ += rest.substr(0, length);
      else
        escaped(rest[0], length == 1);
      rest.remove_prefix(length == 0 ? 1 : length);
    }
    out_ += '"';
  }

  // Bytes that aren't UTF-8, and control characters that a terminal would obey.
  void escaped(char c, bool ascii) {
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (c == '\n') {
      out_ += "\\n";
    } else if (ascii && c >= ' ' && c != '\x7f') {
      out_ += c;
    } else {
      out_ += ascii ? "\\u00" : "\\x";
      hex(static_cast<unsigned char>(c));
    }
  }

  // How many bytes the character at the start of `s` has; 0 if it isn't UTF-8.
  static std::size_t character(std::string_view s) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
    const unsigned char c = at(0);
    if (c < 0x80) return 1;
    const std::size_t length = c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (length > s.size()) return 0;
    for (std::size_t i = 1; i < length; ++i)
      if ((at(i) & 0xc0) != 0x80) return 0;
    if (c == 0xc2 && at(1) < 0xa0) return 0;  // C1 controls
    if (c == 0xe0 && at(1) < 0xa0) return 0;  // overlong
    if (c == 0xed && at(1) > 0x9f) return 0;  // surrogates
    if (c == 0xf0 && at(1) < 0x90) return 0;  // overlong
    if (c == 0xf4 && at(1) > 0x8f) return 0;  // beyond Unicode
    return length;
  }

  std::string_view in_;
  std::size_t size_, bytes_max_;
  std::string out_;
};

}  // namespace

std::string describe_payload(std::string_view cbor, std::size_t bytes_max) {
  return printer(cbor, bytes_max).print();
}

}  // namespace v0
}  // namespace stet
