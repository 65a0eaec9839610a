// How ids, names, reasons and texts of others stand in what a person reads: on one line, and such
// that none of them can pretend to be something else.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace stet { inline namespace v0 { namespace detail {

/// Of a message; what is longer is cut.
inline constexpr std::size_t line_bytes_max = 128u << 10;
/// Of an id or a name in a message, as it is shown; ids aren't longer, if they need no escapes.
inline constexpr std::size_t shown_bytes_max = 200;

/// How many bytes the character at the start of `s` has; 0 if it isn't UTF-8, or is a control
/// character of the second kind (80 to 9f). `s` isn't empty.
std::size_t utf8_length(std::string_view s) noexcept;

/// `text` with everything escaped that a terminal, or the reader of a log, would obey: control
/// characters, separators of lines, what turns the direction of writing, bytes that aren't UTF-8.
/// Cut behind `bytes_max` bytes of `text`. Once more changes nothing.
std::string on_one_line(std::string_view text, std::size_t bytes_max = line_bytes_max);

/// An id, a name, a reason: the same in quotes, with quotes and backslashes in it escaped too:
/// 'order-7', 'it\'s', 'two\nlines'.
std::string shown(std::string_view name);

}}}  // namespace stet::v0::detail
