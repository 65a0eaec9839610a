// A number as people write it, whatever the program's locale is.
#pragma once
#include <optional>
#include <string_view>

namespace stet { inline namespace v0 { namespace detail {

/// The number that the whole text is: "-12", ".5", "1e300". Nothing else is one: no spaces, no plus
/// in front, no hexadecimal digits, no infinity, nor what a double can't hold ("1e999", "1e-999").
std::optional<double> parse_decimal(std::string_view text);

}  // namespace detail
}}  // namespace stet::v0
