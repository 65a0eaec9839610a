// Bytes that can't be trusted are refused with a message, and never believed.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "round_trip.hpp"

namespace {

using everything =
    std::tuple<std::vector<std::map<std::string, std::optional<double>>>, std::set<std::int64_t>,
               std::variant<std::vector<std::byte>, bool, std::array<char, 3>>,
               std::multimap<std::pair<int, unsigned>, std::vector<bool>>>;

everything sample() {
  return {{{{"key", 1.5}, {"other", std::nullopt}}, {}},
          {-1, 1'000'000'000'000},
          std::array<char, 3>{'a', '\xff', 'c'},
          {{{1, 2}, {true, false}}, {{1, 2}, {}}, {{-70'000, 70'000}, {true}}}};
}

std::string message_of(auto&& f) {
  std::string message;
  CHECK(code_of(f, &message) == stet::errc::payload);
  return message;
}

std::uint64_t seed() {
  const char* given = std::getenv("STET_SEED");
  std::uint64_t s = given ? std::strtoull(given, nullptr, 0) : std::random_device()();
  std::printf("codec_malformed: STET_SEED=%llu repeats this run\n",
              static_cast<unsigned long long>(s));
  return s;
}

void mutate(std::string& bytes, std::mt19937_64& random) {
  for (auto n = 1 + random() % 4; n > 0; --n) {
    const auto at = bytes.empty() ? 0 : random() % bytes.size();
    const auto byte = static_cast<char>(random());
    switch (random() % 5) {
      case 0: bytes.insert(at, 1, byte); break;
      case 1: bytes.erase(at, 1 + random() % 3); break;
      case 2: bytes = bytes.substr(0, at) + bytes.substr(at / 2); break;
      default:
        if (!bytes.empty())
          bytes[at] = random() % 2 ? byte : static_cast<char>(bytes[at] ^ 1 << random() % 8);
    }
  }
}

}  // namespace

TEST_CASE("a payload that is cut off anywhere is refused") { round_trip(sample()); }

TEST_CASE("a payload of another type is refused") {
  const std::string payloads[] = {encoded(1),
                                  encoded(-1),
                                  encoded(1.5),
                                  encoded(true),
                                  encoded(std::string()),
                                  "\xf6",
                                  encoded(std::vector<std::byte>())};
  for (const auto& p : payloads) {
    CAPTURE(stet::describe_payload(p));
    if (p != encoded(std::string())) CHECK_THROWS_AS(stet::decode<std::string>(p), stet::error);
    if (p != encoded(true)) CHECK_THROWS_AS(stet::decode<bool>(p), stet::error);
    if (p != encoded(1)) CHECK_THROWS_AS(stet::decode<unsigned>(p), stet::error);
    if (p != "\xf6") CHECK_THROWS_AS(stet::decode<std::monostate>(p), stet::error);
    CHECK_THROWS_AS(stet::decode<std::vector<int>>(p), stet::error);
    CHECK_THROWS_AS((stet::decode<std::map<int, int>>(p)), stet::error);
    CHECK_THROWS_AS(stet::decode<std::optional<int>>(p), stet::error);
  }
}

TEST_CASE("a length that nobody has is refused before it is believed") {
  const std::string huge("\xff\xff\xff\xff\xff\xff\xff\xff", 8);
  CHECK_THROWS_AS(stet::decode<std::string>("\x7b" + huge), stet::error);
  CHECK_THROWS_AS(stet::decode<std::vector<std::byte>>("\x5b" + huge), stet::error);
  CHECK_THROWS_AS(stet::decode<std::vector<int>>("\x9b" + huge), stet::error);
  CHECK_THROWS_AS(stet::decode<std::vector<std::monostate>>("\x9b" + huge), stet::error);
  CHECK_THROWS_AS((stet::decode<std::map<int, int>>("\xbb" + huge)), stet::error);
  CHECK_THROWS_AS(stet::reader("\xbb" + huge).item(), stet::error);
  // 2^63 pairs are 2^64 items: the count must not wrap around to 0.
  const std::string wraps("\xbb\x80\0\0\0\0\0\0\0", 9);
  CHECK_THROWS_AS(stet::reader(wraps).item(), stet::error);
}

TEST_CASE("reserved and indefinite lengths are refused") {
  for (unsigned first = 0; first < 256; ++first) {
    if ((first & 31) < 28) continue;
    const std::string bytes(1, static_cast<char>(first));
    CAPTURE(first);
    CHECK_THROWS_AS(stet::reader(bytes + "\xff").item(), stet::error);
    CHECK_THROWS_AS(stet::decode<std::string>(bytes + "\xff"), stet::error);
    CHECK_THROWS_AS(stet::decode<std::vector<int>>(bytes + "\xff"), stet::error);
    CHECK_THROWS_AS(stet::decode<int>(bytes + "\xff"), stet::error);
    CHECK_THROWS_AS(stet::decode<double>(bytes + std::string(8, '\0')), stet::error);
  }
}

TEST_CASE("an item is as deep as its limit and no deeper") {
  for (char first : {'\x81', '\xc1'}) {  // arrays of one, tags
    const std::string deepest = std::string(stet::reader::depth_max, first) + '\x01';
    CHECK(stet::reader(deepest).item() == deepest);
    CHECK_THROWS_AS(stet::reader(first + deepest).item(), stet::error);
    CHECK_THROWS_AS(stet::reader(std::string(1'000'000, first)).item(), stet::error);
  }
}

TEST_CASE("one item is taken from several, and no more") {
  const std::string two = encoded(sample()) + encoded(std::string("next"));
  stet::reader in(two);
  CHECK(in.item() == encoded(sample()));
  CHECK(in.text() == "next");
  CHECK(in.done());
  CHECK_THROWS_AS(in.item(), stet::error);
}

TEST_CASE("the writer takes one whole item as it is, and nothing else") {
  std::string out;
  stet::writer w(out);
  w.item(encoded(sample()));
  CHECK(out == encoded(sample()));
  for (std::string_view bad : {"", "\x01\x02",
                               "\x62"
                               "a",
                               "\xff"}) {
    CHECK(code_of([&] { return w.item(bad), 0; }) == stet::errc::payload);
    CHECK(out == encoded(sample()));
  }
}

TEST_CASE("a message says what was expected, and where") {
  using list = std::vector<std::pair<int, std::string>>;
  const std::string good = encoded(list{{1, "a"}, {2, "b"}});  // 82 82 01 61 61 82 02 61 62
  CHECK(message_of([&] { return stet::decode<list>(good.substr(0, 8)); }) ==
        "expected a text at byte 7, but the payload ends at byte 8");
  CHECK(message_of([&] { return stet::decode<list>(good + "x"); }) ==
        "expected nothing more at byte 9 of 10");
  auto bad = good;
  bad[5] = '\x83';
  CHECK(message_of([&] { return stet::decode<list>(bad); }) ==
        "expected a pair: an array of two items at byte 5 of 9");
  bad = good;
  bad[6] = '\xf5';
  CHECK(message_of([&] { return stet::decode<list>(bad); }) ==
        "expected an integer of 64 bits at byte 6 of 9");
  CHECK(message_of([] { return stet::decode<std::int8_t>("\x18\xff"); }) ==
        "expected a number that fits its type at byte 0 of 2");
  CHECK(message_of([] { return stet::decode<bool>(""); }) ==
        "expected a boolean at byte 0, but the payload ends at byte 0");
  CHECK(message_of([] { return stet::reader("\x82\x01\x5f").item(); }) ==
        "expected an item of definite length at byte 2 of 3");
}

TEST_CASE("mutated payloads decode or are refused, and whatever decodes can be written again") {
  std::mt19937_64 random(seed());
  const std::string good = encoded(sample());
  int refused = 0, accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = good;
    mutate(bytes, random);
    const auto text = stet::describe_payload(bytes, random() % 300);
    REQUIRE(text.size() <= 300);
    try {
      const auto v = stet::decode<everything>(bytes);
      ++accepted;
      REQUIRE(encoded(stet::decode<everything>(encoded(v))) == encoded(v));
    } catch (const stet::error& e) {
      ++refused;
      REQUIRE(e.code() == stet::errc::payload);
    }
  }
  CHECK(refused > accepted);
  CHECK(accepted > 0);
}
