// The expected and the found, as text for people.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <stet/store.hpp>

#include "words.hpp"

namespace stet { inline namespace v0 { namespace conformance {

/// Quoted, "abc", with bytes that aren't printable as \xNN; a long one is cut.
std::string text_of(std::string_view bytes);
std::string text_of(const std::optional<std::string>& value);
/// The code and outcome of an error: "errc::conflict, refused".
std::string text_of(errc code, std::optional<commit_outcome> outcome);

/// The operations of a batch; of many only the first.
std::string text_of(const batch& b);

/// The two lists. If they are long, only their lengths and the first pair that differs.
std::pair<std::string, std::string> texts_of(const pairs& expected, const pairs& found);

}  // namespace conformance
}  // namespace v0
}  // namespace stet
