// Functions that the fuzzers of the decoders share.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/checksum.hpp"

inline void require(bool held) {
  if (!held) std::abort();
}

inline std::string_view view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// A value of version 1 with `bytes` in the middle and a right checksum at the end.
inline std::string summed(std::string_view bytes) {
  std::string all("\1");
  all += bytes;
  stet::detail::add_checksum(all);
  return all;
}
