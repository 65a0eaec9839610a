// A history outside of its store, as bytes.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace stet { inline namespace v0 { namespace detail {

struct history_bytes {
  std::string name_space, id, workflow, version;
  std::uint64_t run = 0;
  std::string records;  // as they are stored
};
std::string encode(const history_bytes& h);
/// Throws errc::corrupt if it isn't one, or is damaged.
history_bytes decode_history(std::string_view exported);

}}}  // namespace stet::v0::detail
