// Keys that Stet has written nowhere: what a flipped bit makes of one.
#pragma once
#include <functional>
#include <string_view>

#include <stet/store.hpp>

namespace stet { inline namespace v0 { namespace detail {

/// Calls `each` for the keys that stand outside of all that docs/format.md names, at most a few
/// hundred. A seek for each kind of key: what stands among keys of a kind isn't looked at.
/// `each` must not call the store.
void find_strays(store& s,
                 const std::function<void(std::string_view key, std::string_view value)>& each);

}  // namespace detail
}}  // namespace stet::v0
