// Numbers as text, for a standard library that has no std::from_chars for doubles (libc++ 19).
#pragma once

namespace stet { inline namespace v0 { namespace port {

/// Parses a number as strtod does in the classic locale, whatever the program's locale is. Sets
/// `end` to the first character after it, and returns the system's error number in `native`, or 0.
double parse_double(const char* text, const char*& end, int& native) noexcept;

}  // namespace port
}  // namespace v0
}  // namespace stet
