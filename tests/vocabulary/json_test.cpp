// stet/json.hpp: codecs by nlohmann's conversions, and which codec is taken if there are several.
#include <list>
#include <map>
#include <unordered_map>

#include <stet/json.hpp>

#include "round_trip.hpp"

namespace {

enum class shape { round, square };
NLOHMANN_JSON_SERIALIZE_ENUM(shape, {{shape::round, "round"}, {shape::square, "square"}})
enum class mood { good, bad };  // the same, but without a mapping to names
NLOHMANN_JSON_SERIALIZE_ENUM(mood, {{mood::good, "good"}, {mood::bad, "bad"}})

struct point {  // trivially copyable and convertible to JSON: JSON is taken
  int x, y;
  bool operator==(const point&) const = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(point, x, y)

struct transfer {
  std::string from, to;
  std::int64_t cents;
  bool operator==(const transfer&) const = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(transfer, from, to, cents)

struct tagged {
  std::string s;
  bool operator==(const tagged&) const = default;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(tagged, s)
};

// Like a class of protobuf, it writes its own bytes. It is convertible to JSON too, but the
// specialisation is taken.
struct message {
  std::string body;
  std::string SerializeAsString() const { return "PB" + body; }
  bool ParseFromString(std::string_view s) {
    if (s.substr(0, 2) != "PB") return false;
    body = s.substr(2);
    return true;
  }
  bool operator==(const message&) const = default;
};
[[maybe_unused]] void to_json(nlohmann::json&, const message&) { FAIL("not asked"); }
[[maybe_unused]] void from_json(const nlohmann::json&, message&) { FAIL("not asked"); }

struct no_default {
  explicit no_default(int n) : v(n) {}
  int v;
  bool operator==(const no_default&) const = default;
};

}  // namespace

template <> struct stet::codec<shape> : stet::json_codec<shape> {};

template <> struct stet::codec<message> {
  static void encode(writer& out, const message& m) { out.bytes(m.SerializeAsString()); }
  static message decode(reader& in) {
    message m;
    if (!m.ParseFromString(in.bytes())) in.fail("a message");
    return m;
  }
};

template <> struct nlohmann::adl_serializer<no_default> {
  static no_default from_json(const json& j) { return no_default(j.get<int>()); }
  static void to_json(json& j, const no_default& n) { j = n.v; }
};

static_assert(stet::encodable<std::unordered_map<std::string, int>>, "by the object's order");
static_assert(!stet::encodable<std::string_view> && !stet::encodable<const char*>);

TEST_CASE("types that nlohmann/json converts are payloads, alone and inside the core's") {
  round_trip(point{1, 2});
  round_trip(transfer{"ann", "bob", 1000});
  round_trip(tagged{"t"});
  round_trip(no_default{9});
  round_trip(std::list<int>{1, 2});
  round_trip(std::vector<std::optional<point>>{point{1, 2}, std::nullopt});
  round_trip(std::map<std::string, std::vector<point>>{{"a", {{1, 2}}}, {"b", {}}});
  round_trip(std::tuple<int, point, message>{1, {2, 3}, {"m"}});
  round_trip(std::variant<int, std::string, point>{point{4, 5}});
  round_trip(nlohmann::json{{"k", {1, -2, 1.5, nullptr, true, "text"}}, {"n", ~0ull}});
  round_trip(nlohmann::json(0.1));
  round_trip(nlohmann::json::binary({1, 2, 3}));
  CHECK(stet::describe_payload(encoded(transfer{"ann", "bob", 1000})) ==
        R"({"cents": 1000, "from": "ann", "to": "bob"})");
}

TEST_CASE("the user's specialisation comes first, then the core's codec, then JSON") {
  CHECK(encoded(message{"hello"}) == "\x47PBhello");
  CHECK(encoded(shape::square) == "\x66square");  // by name, as its mapping says
  CHECK(encoded(mood::bad) == "\x01");            // by number, as without json.hpp
  CHECK(encoded(std::array<int, 2>{1, 2}) == "\x82\x01\x02");
  CHECK(encoded(std::map<int, int>{{1, 2}}) == "\xa1\x01\x02");
  CHECK(encoded(std::optional<point>()) == "\x80");
  round_trip(message{"hello"});
  round_trip(shape::square);
  round_trip(mood::bad);
}

TEST_CASE("what is no JSON of the type is refused as a payload") {
  std::string message;
  CHECK(code_of([] { return stet::decode<point>(encoded(1)); }, &message) == stet::errc::payload);
  CHECK(message.find("type's from_json") != std::string::npos);
  CHECK(code_of([] { return stet::decode<point>("\xa1\x61x\x01"); }) == stet::errc::payload);
  CHECK(code_of([] { return stet::decode<nlohmann::json>("\xc1\x01"); }) == stet::errc::payload);
  CHECK(code_of([] { return stet::decode<nlohmann::json>("\xa1\x01\x01"); }) ==
        stet::errc::payload);
  CHECK(code_of([] { return stet::decode<nlohmann::json>("\xf0"); }) == stet::errc::payload);
}

TEST_CASE("JSON that is nested too deeply is refused when it is written and when it is read") {
  nlohmann::json deep;
  for (unsigned i = 0; i < stet::reader::depth_max; ++i)
    deep = nlohmann::json::array({std::move(deep)});
  round_trip(deep);
  deep = nlohmann::json::array({std::move(deep)});
  std::string out;
  CHECK(code_of([&] { return stet::encode(out, deep), 0; }) == stet::errc::payload);
  CHECK(out.empty());
  CHECK(code_of([] { return stet::decode<nlohmann::json>(std::string(1'000'000, '\x81')); }) ==
        stet::errc::payload);
}

TEST_CASE(
    "a JSON value that is nested deeper than its reader goes is refused before anybody recurses") {
  for (int levels : {65, 500'000}) {
    const auto deep = nlohmann::json::parse(std::string(levels, '[') + std::string(levels, ']'));
    std::string out;
    try {
      stet::encode(out, deep);
      FAIL("it was taken");
    } catch (const stet::error& e) {
      CHECK(e.code() == stet::errc::payload);
      CHECK(std::string(e.what()).find("64 deep") != std::string::npos);
    }
  }
  std::string out;
  stet::encode(out, nlohmann::json::parse(std::string(64, '[') + std::string(64, ']')));
  CHECK(stet::decode<nlohmann::json>(out).dump().size() == 128);
}
