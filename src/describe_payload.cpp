// Describes payloads for people: turns any bytes into text of limited length.
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <string>

#include <stet/codec.hpp>

#include "base/shown.hpp"
#include "cbor.hpp"

namespace stet { inline namespace v0 {

namespace {

// Prints until its limit is passed. Never trusts the bytes that it prints.
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
  static constexpr unsigned depth_max = 16;  // deeper nesting helps no reader
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

  // Each of these returns false if it is of no use to go on.

  bool item(unsigned levels) {
    if (full()) return false;
    cbor::head h;
    const auto before = in_;
    if (cbor::take_head(in_, h) != cbor::problem::none) return invalid();
    const bool whole = h.major == cbor::bytes || h.major == cbor::text;
    if (whole && h.value > in_.size()) {
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

  // Leaves out an item that is nested too deeply, so that what follows it is still printed.
  bool pass_over(const cbor::head& h) {
    out_ += cut_off;
    if (h.major != cbor::tag && h.value > in_.size()) return invalid();
    for (auto n = cbor::items_of(h); n > 0; --n)
      if (cbor::skip(in_, reader::depth_max) != cbor::problem::none) return invalid();
    return true;
  }

  bool nested(const cbor::head& h, unsigned levels) {
    if (levels == 0) return pass_over(h);
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
    if (d.find_first_of(".e") == d.npos) out_ += ".0";  // it would look like an integer
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
      const auto length = detail::utf8_length(rest);
      if (length > 1) out_ += rest.substr(0, length);
      else escaped(rest[0], length == 1);
      rest.remove_prefix(length == 0 ? 1 : length);
    }
    out_ += '"';
  }

  // Escapes bytes that aren't UTF-8, and control characters that a terminal would obey.
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
