// Search attributes as bytes, in records and in snapshots, and how a change is merged into them.
//
// Packed, for each attribute in the order of names:   text name · byte type · value
#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>

#include <stet/attributes.hpp>

#include "base/bytes.hpp"

namespace stet { inline namespace v0 { namespace detail {

using attribute_map = std::map<std::string, attribute_value, std::less<>>;

inline constexpr std::size_t keyword_bytes_max = 2048;
inline constexpr std::size_t keywords_count_max = 64;

/// Returns true for a name that filters know without a setting.
bool is_built_in(std::string_view name) noexcept;
/// Returns the names that filters know without a setting.
std::span<const std::string_view> built_in_names() noexcept;

std::string pack(const attribute_map& all);
/// Unpacks attributes. Throws malformed.
attribute_map unpack_attributes(std::string_view packed);
/// Returns `packed` with `changes` made: a name without a value is removed. Throws malformed.
std::string merge(std::string_view packed, std::string_view changes);
/// Changes of attributes as text for people: customer = 'ann', stage removed. Throws malformed.
std::string changes_text(std::string_view packed);
/// The names in changes of attributes, without the values: 'customer', 'stage'. Throws malformed.
std::string changed_names(std::string_view packed);
/// A value as text for people: 'ann', 12, true, 2026-11-25T08:00:00.000Z, ['a', 'b'].
std::string to_text(const attribute_value& v);
/// A time in the form of RFC 3339.
std::string to_text(time_point t);

}  // namespace detail
}}  // namespace stet::v0
