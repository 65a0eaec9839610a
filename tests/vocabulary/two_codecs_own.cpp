// The source that has a codec of its own. See two_codecs.hpp.
#include <stet/codec.hpp>

#include <optional>
#include <tuple>

#include "tests/vocabulary/two_codecs.hpp"

template <> struct stet::codec<two_codecs::order> {
  static void encode(writer& out, const two_codecs::order& o) { out.text(o.item); }
  static two_codecs::order decode(reader& in) { return {std::string(in.text())}; }
};

std::string bytes_by_own(const two_codecs::order& o) {
  std::string bytes;
  stet::encode(bytes, std::tuple(std::optional(o)));
  return bytes;
}
