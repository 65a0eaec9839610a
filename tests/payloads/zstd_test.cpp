// Compression: a payload becomes smaller or stays as it was, and no bytes in a store make it
// allocate without a limit.
#include <stet/zstd.hpp>

#include <zstd.h>

#include "tests/support/bytes.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

const stet::payload_place here{"default", "here"};
constexpr std::size_t limit = 1u << 20;

std::string frame(std::string_view plain) {
  std::string s(ZSTD_compressBound(plain.size()), '\0');
  s.resize(ZSTD_compress(s.data(), s.size(), plain.data(), plain.size(), 3));
  return s;
}

}  // namespace

TEST_CASE(
    "a payload that shrinks comes back; a short one, and one that doesn't, stay as they are") {
  auto z = stet::zstd();
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "line " + std::to_string(i);
  auto sealed = z->seal(text, here);
  REQUIRE(sealed);
  CHECK(sealed->size() < text.size() / 2);
  CHECK(z->open(*sealed, here, limit) == text);
  CHECK(!z->seal(std::string(255, 'x'), here));
  CHECK(z->seal(std::string(256, 'x'), here));
  random_source random;
  std::string noise;
  for (int i = 0; i < 500; ++i) {
    auto n = random();
    noise.append(reinterpret_cast<const char*>(&n), sizeof n);
  }
  CHECK(!z->seal(noise, here));
  CHECK(what_throws([] { (void)stet::zstd({.level = 20}); }).code == stet::errc::usage);
  CHECK(what_throws([] { (void)stet::zstd({.level = 0}); }).code == stet::errc::usage);
}

TEST_CASE("a bomb is refused by what it says, before anything is allocated [S217]") {
  auto z = stet::zstd();
  auto bomb = frame(std::string(64u << 20, '\0'));
  CHECK(bomb.size() < 100'000);
  CHECK(what_throws([&] { (void)z->open(bomb, here, limit); }).says("67108864"));
  // A frame that states a smaller size than it has.
  auto lies = frame(std::string(300'000, 'x'));
  auto honest = ZSTD_getFrameContentSize(lies.data(), lies.size());
  CHECK(honest == 300'000);
  bool found = false;
  for (std::size_t at = 4; at < 10; ++at) {
    auto b = lies;
    b[at] = static_cast<char>(b[at] - 1);
    auto says = ZSTD_getFrameContentSize(b.data(), b.size());
    if (says >= honest || says == 0) continue;
    found = true;
    CHECK(what_throws([&] { (void)z->open(b, here, limit); }).thrown);
  }
  CHECK(found);
  // A frame that states no size, as streams make it.
  std::string out(1000, '\0');
  auto* c = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
  out.resize(ZSTD_compress2(c, out.data(), out.size(), "abcabcabcabc", 12));
  ZSTD_freeCCtx(c);
  CHECK(what_throws([&] { (void)z->open(out, here, limit); }).says("doesn't say"));
  // Two frames, one after the other.
  auto two = frame(std::string(300, 'a')) + frame(std::string(300, 'b'));
  CHECK(what_throws([&] { (void)z->open(two, here, limit); }).thrown);
}

TEST_CASE("damaged frames are refused, or are what they say") {
  STET_SAYS_SEED();
  random_source random;
  auto z = stet::zstd();
  auto sealed = *z->seal(std::string(2000, 'x') + random.text(400), here);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::size_t size = 0;
    try {
      size = z->open(random.damaged(sealed), here, limit).size();
    } catch (const std::runtime_error&) { ++refused; }
    CHECK(size <= limit);
  }
  CHECK(refused > 1000);
  CHECK(what_throws([&] { (void)z->open("", here, limit); }).thrown);
}
