// The source that sees <stet/json.hpp>. See two_codecs.hpp.
#include <stet/json.hpp>

#include <nlohmann/json.hpp>

#include <vector>

#include "tests/vocabulary/two_codecs.hpp"

namespace two_codecs {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(order, item)
}  // namespace two_codecs

std::string bytes_by_json(const two_codecs::order& o) {
  std::string bytes;
  stet::encode(bytes, std::vector{o});
  return bytes;
}
