#include "base/shown.hpp"

#include <stet/error.hpp>

namespace stet { inline namespace v0 {
namespace detail {
namespace {

/// U+2028 to U+202E and U+2066 to U+2069: separators of lines, and characters that turn the
/// direction of writing. All begin with these two bytes.
bool is_obeyed(std::string_view character) noexcept {
  if (character.size() != 3 || character[0] != '\xe2') return false;
  auto second = static_cast<unsigned char>(character[1]);
  auto third = static_cast<unsigned char>(character[2]);
  return (second == 0x80 && third >= 0xa8 && third <= 0xae) ||
         (second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

void escape(std::string& out, char c) {
  constexpr char digits[] = "0123456789abcdef";
  auto byte = static_cast<unsigned char>(c);
  if (c == '\n') out += "\\n";
  else if (c == '\r') out += "\\r";
  else if (c == '\t') out += "\\t";
  else out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
}

/// Appends the character at the start of `s`. Returns its number of bytes.
std::size_t put_character(std::string& out, std::string_view s) {
  auto length = utf8_length(s);
  auto character = s.substr(0, length == 0 ? 1 : length);
  bool is_control = length == 1 && (s[0] < ' ' || s[0] == '\x7f');
  if (length == 0 || is_control || is_obeyed(character)) {
    for (char c : character) escape(out, c);
  } else {
    out += character;
  }
  return character.size();
}

}  // namespace

std::size_t utf8_length(std::string_view s) noexcept {
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

std::string on_one_line(std::string_view text, std::size_t bytes_max) {
  std::string out;
  out.reserve(text.size() < bytes_max ? text.size() : bytes_max);
  std::size_t done = 0;
  while (done < text.size() && done < bytes_max) done += put_character(out, text.substr(done));
  if (done < text.size()) out += "… (" + std::to_string(text.size()) + " bytes)";
  return out;
}

std::string shown(std::string_view name) {
  std::string out = "'";
  std::size_t done = 0;
  while (done < name.size() && out.size() < shown_bytes_max) {
    if (name[done] == '\'' || name[done] == '\\') out += '\\';
    done += put_character(out, name.substr(done));
  }
  if (done < name.size()) out += "…";
  return out += '\'';
}

std::string shown(duration d) { return std::to_string(d.count()) + " ms"; }

}  // namespace detail

std::string one_line(std::string_view text) { return detail::on_one_line(text); }

}}  // namespace stet::v0
