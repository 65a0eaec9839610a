// Search attributes as bytes: in records, in snapshots, and what a change makes of them.
//
// Packed: for each, in the order of their names,   text name · byte type · value
#pragma once
#include <map>
#include <string>
#include <string_view>

#include <stet/attributes.hpp>

#include "base/bytes.hpp"

namespace stet { inline namespace v0 { namespace detail {

using attribute_map = std::map<std::string, attribute_value, std::less<>>;

inline constexpr std::size_t keyword_bytes_max = 2048;
inline constexpr std::size_t keywords_count_max = 64;

/// Names that a filter knows by itself.
bool is_built_in(std::string_view name) noexcept;

std::string pack(const attribute_map& all);
/// Throws malformed.
attribute_map unpack_attributes(std::string_view packed);
/// What `changes` make of `packed`: a name without a value takes it away. Throws malformed.
std::string merge(std::string_view packed, std::string_view changes);
/// A value for people: 'ann', 12, true, 2026-11-25T08:00:00.000Z, ['a', 'b'].
std::string to_text(const attribute_value& v);
/// A time as RFC 3339 writes it.
std::string to_text(time_point t);

}  // namespace detail
}}  // namespace stet::v0
