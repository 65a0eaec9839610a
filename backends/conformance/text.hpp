// What was expected and what was found, as people read it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <stet/store.hpp>

#include "words.hpp"

namespace stet { inline namespace v0 { namespace conformance {

/// "abc", quoted, bytes that aren't printable as \xNN, cut where it is long.
std::string text_of(std::string_view bytes);
std::string text_of(const std::optional<std::string>& value);
/// "errc::conflict, refused": what an error says for programs.
std::string text_of(errc code, std::optional<commit_outcome> outcome);

/// The operations of a batch, the first of many.
std::string text_of(const batch& b);

/// The two lists; of long ones their lengths and the first pair that differs.
std::pair<std::string, std::string> texts_of(const pairs& expected, const pairs& found);

}  // namespace conformance
}  // namespace v0
}  // namespace stet
