// Keys that Stet never writes: a flipped bit may make such a key of another.
#pragma once
#include <functional>
#include <string_view>

#include <stet/store.hpp>

namespace stet { inline namespace v0 { namespace detail {

/// Calls `each` for the keys outside of all ranges in docs/format.md, at most a few hundred. It
/// seeks once for each kind of key, and doesn't look at keys among those of a kind. `each` must not
/// call the store.
void find_strays(store& s,
                 const std::function<void(std::string_view key, std::string_view value)>& each);

}  // namespace detail
}}  // namespace stet::v0
