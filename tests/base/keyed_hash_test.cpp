#include "base/keyed_hash.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace stet::detail;

namespace {

/// The hash as its 16 bytes in hexadecimal.
std::string hex(const std::array<std::uint64_t, 2>& hash) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (auto half : hash)
    for (int i = 0; i < 8; ++i, half >>= 8) text += {digits[half >> 4 & 15], digits[half & 15]};
  return text;
}

}  // namespace

// The values are vectors_sip128 of the reference implementation, checked with `openssl mac -macopt
// size:16 SIPHASH`. The key is 00 01 … 0f; the message of each is 00 01 … of its own length.
TEST_CASE("the keyed hash comes to what SipHash-2-4-128 publishes") {
  const hash_key key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  auto of = [&](int bytes) {
    std::string message;
    for (int i = 0; i < bytes; ++i) message.push_back(static_cast<char>(i));
    return hex(keyed_hash(key, message));
  };
  CHECK(of(0) == "a3817f04ba25a8e66df67214c7550293");
  CHECK(of(1) == "da87c1d86b99af44347659119b22fc45");
  CHECK(of(2) == "8177228da4a45dc7fca38bdef60affe4");
  CHECK(of(7) == "a1f1ebbed8dbc153c0b84aa61ff08239");
  CHECK(of(8) == "3b62a9ba6258f5610f83e264f31497b4");
  CHECK(of(9) == "264499060ad9baabc47f8b02bb6d71ed");
  CHECK(of(15) == "5493e99933b0a8117e08ec0f97cfc3d9");
  CHECK(of(16) == "6ee2a4ca67b054bbfd3315bf85230577");
  CHECK(of(63) == "5150d1772f50834a503e069a973fbd7c");
}

TEST_CASE("secrets are compared whole") {
  CHECK(same_secret("", ""));
  CHECK(same_secret("abc", "abc"));
  CHECK(!same_secret("abc", "abd"));
  CHECK(!same_secret("xbc", "abc"));
  CHECK(!same_secret("abc", "ab"));
}
