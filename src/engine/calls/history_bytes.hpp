// The format of a history outside of its store.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.hpp"

namespace stet { inline namespace v0 { namespace detail {

struct history_bytes {
  std::string name_space, id, workflow, version;
  run_number run;
  std::string records;  // as they are stored
};
std::string encode(const history_bytes& h);
/// Throws errc::corrupt if these bytes aren't a history, or are damaged.
history_bytes decode_history(std::string_view exported);

}}}  // namespace stet::v0::detail
