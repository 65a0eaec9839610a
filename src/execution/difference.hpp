// Compares a record that a replay emits with the one that the history has in its place.
#pragma once
#include <string>
#include <string_view>

#include <stet/options.hpp>

#include "history/record.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// The respects in which two records may differ. Those from `argument` on count only if arguments
/// are compared.
enum class respect : std::uint8_t {
  nothing,
  kind,
  number,
  name,
  target,
  outcome,
  description,
  argument,  // or another payload
  time,
  error,
};

/// Returns the first respect in which `is`, of today's code, differs from `was`, of the history.
respect difference(const record& was, const record& is, compared what) noexcept;

/// Says it for people: "another name", "another argument 2, in its field 'cents'". Of payloads only
/// the place is named, not the values, since the text goes to logs.
std::string text_of(respect r, const record& was, const record& is);
/// The same for the encoded arguments of two starts.
std::string arguments_text(std::string_view was, std::string_view is);

}}}  // namespace stet::v0::detail
