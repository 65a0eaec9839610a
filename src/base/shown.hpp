// Prepares ids, names, reasons and texts that others chose for messages that a person reads: each
// stays on one line and can't pretend to be anything else.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include <stet/time.hpp>

namespace stet { inline namespace v0 { namespace detail {

/// For a whole message; a longer one is cut.
inline constexpr std::size_t line_bytes_max = 128u << 10;
/// For an id or a name in a message, as it is shown. Ids without escapes are never longer.
inline constexpr std::size_t shown_bytes_max = 200;

/// Returns the number of bytes of the character at the start of `s`; 0 if it isn't UTF-8, or is a
/// control character of the second kind (80 to 9f). `s` isn't empty.
std::size_t utf8_length(std::string_view s) noexcept;

/// Returns `text` with all characters escaped that a terminal, or the reader of a log, would obey:
/// control characters, separators of lines, characters that turn the direction of writing, and
/// bytes that aren't UTF-8. Cuts after `bytes_max` bytes of `text`. Doing it twice is the same as
/// once.
std::string on_one_line(std::string_view text, std::size_t bytes_max = line_bytes_max);

/// Returns an id, a name or a reason in the same form, but quoted, with quotes and backslashes
/// escaped too: 'order-7', 'it\'s', 'two\nlines'.
std::string shown(std::string_view name);

/// Returns a length of time as an error shows it: "-5 ms".
std::string shown(duration d);

}}}  // namespace stet::v0::detail
