// A type with two codecs in one program: two_codecs_json.cpp sees that of <stet/json.hpp>,
// two_codecs_own.cpp one of its own.
#pragma once
#include <string>

namespace two_codecs {
struct order {
  std::string item;
};
}  // namespace two_codecs

/// Returns the bytes of `o` by the codec that each of the sources sees.
std::string bytes_by_json(const two_codecs::order& o);
std::string bytes_by_own(const two_codecs::order& o);
