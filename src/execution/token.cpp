#include "execution/token.hpp"

#include <cstdio>

#include "base/bytes.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

/// For runs without a secret. Never change it: tokens were handed out.
std::array<std::uint64_t, 2> mixed(run_number run, command_number command,
                                   const std::uint64_t (&seed)[2]) noexcept {
  auto mix = [](std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  };
  auto a = mix(seed[0] ^ mix(run.value() + 0x9e3779b97f4a7c15)),
       b = mix(seed[1] ^ mix(command.value() + a));
  auto c = mix(a ^ mix(b + seed[0])), d = mix(b ^ mix(c + seed[1]));
  return {c, d};
}

}  // namespace

std::string token_of(run_number run, command_number command, const std::uint64_t (&seed)[2],
                     const hash_key& secret) {
  std::array<std::uint64_t, 2> bits{};
  if (secret == hash_key{}) {
    bits = mixed(run, command, seed);
  } else {
    std::string message = "promise ";
    put_big_endian(message, run.value());
    put_big_endian(message, command.value());
    bits = keyed_hash(secret, message);
  }
  char text[64];
  std::snprintf(text, sizeof text, "%llx.%x.%016llx%016llx",
                static_cast<unsigned long long>(run.value()), command.value(),
                static_cast<unsigned long long>(bits[0]), static_cast<unsigned long long>(bits[1]));
  return text;
}

}}}  // namespace stet::v0::detail
