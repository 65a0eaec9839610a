// The core's codecs: a value that is written is read back the same.
#include <cmath>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <stdexcept>
#include <unordered_map>

#include "round_trip.hpp"

using namespace std::chrono_literals;

namespace {

enum class colour : std::uint8_t { red, green };
enum class sparse : std::int64_t { low = std::numeric_limits<std::int64_t>::min(), high = 7 };
enum plain { zero, one };

struct pixel {
  std::uint8_t r, g, b, a;
  bool operator==(const pixel&) const = default;
};
struct packed {
  std::uint32_t v;
  bool operator==(const packed&) const = default;
};

template <class T> struct box {
  T value;
  bool operator==(const box&) const = default;
};

// A result that can only be moved.
struct ticket {
  std::unique_ptr<int> number;
  bool operator==(const ticket& o) const { return *number == *o.number; }
};

// Can't be made, and may throw when it is moved, which leaves a variant without a value.
struct brittle {
  explicit brittle(int n) { throw n; }
  brittle(brittle&&) noexcept(false) {}
};

struct tree {
  int value;
  std::vector<tree> branches;
  bool operator==(const tree&) const = default;
};

// Its codec throws in the way that the payload says.
struct moody {};

template <class T> void extremes() {
  using limits = std::numeric_limits<T>;
  for (T v : {limits::min(), T(limits::min() + 1), T(0), T(1), T(23), T(24), T(limits::max() - 1),
              limits::max(), T(limits::max() / 2), T(limits::min() / 2)})
    round_trip(v);
}

}  // namespace

template <> struct stet::codec<packed> : stet::memory_codec<packed> {};

template <stet::encodable T> struct stet::codec<box<T>> {
  static void encode(writer& out, const box<T>& b) { codec<T>::encode(out, b.value); }
  static box<T> decode(reader& in) { return {codec<T>::decode(in)}; }
};

template <> struct stet::codec<ticket> {
  static void encode(writer& out, const ticket& t) { out.integer(*t.number); }
  static ticket decode(reader& in) { return {std::make_unique<int>(codec<int>::decode(in))}; }
};

template <> struct stet::codec<brittle> {
  static void encode(writer& out, const brittle&) { out.null(); }
  static brittle decode(reader& in) { return brittle(in.null()); }
};

template <> struct stet::codec<moody> {
  static void encode(stet::writer& out, const moody&) { out.natural(0); }
  static moody decode(stet::reader& in) {
    switch (in.natural()) {
      case 0: throw 42;
      case 1: throw std::out_of_range("no such field");
      case 2: throw std::bad_alloc();
      case 3: throw stet::error(stet::errc::not_found, "mine", "as it is");
      default: return {};
    }
  }
};
template <> struct stet::codec<tree> {
  static void encode(writer& out, const tree& t) {
    out.array(2);
    out.integer(t.value);
    codec<std::vector<tree>>::encode(out, t.branches);
  }
  static tree decode(reader& in) {
    reader bounded(in.item());
    return read(bounded);
  }

 private:
  static tree read(reader& in) {
    if (in.array() != 2) in.fail("a tree");
    tree t{codec<int>::decode(in), {}};
    for (auto n = in.array(); n > 0; --n) t.branches.push_back(read(in));
    return t;
  }
};

static_assert(!stet::encodable<pixel> && stet::encodable<packed> && stet::encodable<void>);
static_assert(!stet::encodable<std::vector<pixel>> && !stet::encodable<std::map<int, pixel>> &&
              !stet::encodable<std::optional<pixel>> && !stet::encodable<std::array<pixel, 2>>);
static_assert(!stet::encodable<int*> && !stet::encodable<const char*> &&
              !stet::encodable<std::string_view> && !stet::encodable<int&>);
static_assert(!stet::encodable<std::unordered_map<int, int>>);

TEST_CASE("integers of every width survive at their extremes") {
  extremes<std::int8_t>();
  extremes<std::int16_t>();
  extremes<std::int32_t>();
  extremes<std::int64_t>();
  extremes<std::uint8_t>();
  extremes<std::uint16_t>();
  extremes<std::uint32_t>();
  extremes<std::uint64_t>();
  extremes<long>();
  extremes<unsigned long long>();
  extremes<char>();
  extremes<wchar_t>();
  round_trip(true);
  round_trip(false);
}

TEST_CASE("integers and lengths take their shortest form") {
  for (auto [v, size] :
       std::initializer_list<std::pair<std::uint64_t, std::size_t>>{{0, 1},
                                                                    {23, 1},
                                                                    {24, 2},
                                                                    {255, 2},
                                                                    {256, 3},
                                                                    {65535, 3},
                                                                    {65536, 5},
                                                                    {0xffffffff, 5},
                                                                    {0x100000000, 9},
                                                                    {~0ull, 9}}) {
    CHECK(encoded(v).size() == size);
    if (v >> 63 == 0) CHECK(encoded(-1 - static_cast<std::int64_t>(v)).size() == size);
  }
  CHECK(encoded(std::string("abc")) ==
        "\x63"
        "abc");
  CHECK(encoded(std::string(24, 'x')).size() == 26);
}

TEST_CASE("a char is the same on machines where it is signed and where it isn't") {
  CHECK(encoded('\xff') == "\x18\xff");
  CHECK(stet::decode<char>("\x18\xff") == '\xff');
}

TEST_CASE("an integer is read as any type that holds it") {
  CHECK(stet::decode<std::int64_t>(encoded(std::int8_t{-5})) == -5);
  CHECK(stet::decode<std::uint8_t>(encoded(255)) == 255);
  CHECK(stet::decode<int>(std::string_view("\x18\x05")) == 5);  // not in its shortest form
  CHECK(code_of([] { return stet::decode<std::int8_t>(encoded(128)); }) == stet::errc::payload);
  CHECK(code_of([] { return stet::decode<std::uint8_t>(encoded(256)); }) == stet::errc::payload);
  CHECK(code_of([] { return stet::decode<unsigned>(encoded(-1)); }) == stet::errc::payload);
  CHECK(code_of([] { return stet::decode<std::int64_t>(encoded(~0ull)); }) == stet::errc::payload);
}

TEST_CASE("a negative integer beyond 64 bits is refused") {
  const std::string_view least("\x3b\x7f\xff\xff\xff\xff\xff\xff\xff", 9);
  const std::string_view beyond("\x3b\x80\x00\x00\x00\x00\x00\x00\x00", 9);
  CHECK(stet::decode<std::int64_t>(least) == std::numeric_limits<std::int64_t>::min());
  CHECK(code_of([&] { return stet::decode<std::int64_t>(beyond); }) == stet::errc::payload);
  CHECK(code_of([&] { return stet::reader(beyond).item(); }) == stet::errc::payload);
}

TEST_CASE("numbers survive bit for bit") {
  using limits = std::numeric_limits<double>;
  for (double v : {0.0, -0.0, 0.1, -1.5, 1e300, limits::min(), limits::max(), limits::lowest(),
                   limits::denorm_min(), limits::infinity(), -limits::infinity()}) {
    round_trip(v);
    CHECK(std::signbit(stet::decode<double>(encoded(v))) == std::signbit(v));
  }
  using floats = std::numeric_limits<float>;
  for (float v : {0.f, 1.5f, 0.1f, floats::max(), floats::denorm_min(), floats::infinity()})
    round_trip(v);
  CHECK(std::isnan(stet::decode<double>(encoded(limits::quiet_NaN()))));
  CHECK(encoded(0.1L) == encoded(0.1));
  CHECK(std::isnan(stet::decode<float>(encoded(floats::quiet_NaN()))));
  CHECK(code_of([] { return stet::decode<float>(encoded(1e39)); }) == stet::errc::payload);
}

TEST_CASE("a number is also read from fewer bits and from an integer that it holds") {
  CHECK(stet::decode<double>(std::string_view("\xfa\x3f\xc0\x00\x00", 5)) == 1.5);
  CHECK(stet::decode<double>(std::string_view("\xf9\x3e\x00", 3)) == 1.5);
  CHECK(stet::decode<double>(std::string_view("\xf9\x00\x01", 3)) == 0x1p-24);
  CHECK(stet::decode<double>(std::string_view("\xf9\x7b\xff", 3)) == 65504.0);
  CHECK(stet::decode<double>(std::string_view("\xf9\xfc\x00", 3)) ==
        -std::numeric_limits<double>::infinity());
  CHECK(std::isnan(stet::decode<double>(std::string_view("\xf9\x7e\x00", 3))));
  CHECK(stet::decode<double>(encoded(-7)) == -7.0);
  CHECK(stet::decode<double>(encoded(std::int64_t{1} << 53)) == 0x1p53);
  CHECK(code_of([] { return stet::decode<double>(encoded((std::int64_t{1} << 53) + 1)); }) ==
        stet::errc::payload);
  CHECK(code_of([] { return stet::decode<double>(encoded(true)); }) == stet::errc::payload);
  CHECK(code_of([] { return stet::decode<double>(std::string_view("\xf8\xff")); }) ==
        stet::errc::payload);
}

TEST_CASE("texts and bytes survive, whatever they hold") {
  round_trip(std::string());
  round_trip(std::string(1000, 'z'));
  round_trip(std::string("zero \0 and no UTF-8 \xff\xfe", 22));
  round_trip(std::string("déjà vu €"));
  round_trip(std::vector<std::byte>());
  round_trip(std::vector<std::byte>(300, std::byte{7}));
  CHECK(code_of([] { return stet::decode<std::string>(encoded(std::vector<std::byte>(3))); }) ==
        stet::errc::payload);
}

TEST_CASE("enumerations travel as their numbers") {
  round_trip(colour::green);
  round_trip(sparse::low);
  round_trip(one);
  CHECK(encoded(colour::green) == "\x01");
  CHECK(stet::decode<colour>(std::string_view("\x07")) == colour{7});
}

TEST_CASE("optional values nest") {
  using nested = std::optional<std::optional<int>>;
  round_trip(std::optional<int>());
  round_trip(std::optional<int>(5));
  round_trip(nested());
  round_trip(nested(std::optional<int>()));
  round_trip(nested(std::optional<int>(1)));
  CHECK(encoded(nested()) != encoded(nested(std::optional<int>())));
  round_trip(std::optional<std::monostate>());
  round_trip(std::optional<std::monostate>(std::monostate()));
  CHECK(code_of([] { return stet::decode<std::optional<int>>(encoded(std::vector{1, 2})); }) ==
        stet::errc::payload);
}

TEST_CASE("sequences survive") {
  round_trip(std::vector<int>());
  round_trip(std::vector<int>(700, -1));
  round_trip(std::vector<bool>{true, false, true});
  round_trip(std::vector<std::vector<std::string>>{{}, {"a", ""}, {"b"}});
  round_trip(std::array<int, 0>());
  round_trip(std::array<std::string, 3>{"a", "b", "c"});
  round_trip(std::array<std::array<colour, 2>, 2>());
  round_trip(std::vector<std::uint8_t>{0, 255});
  CHECK(code_of([] { return stet::decode<std::array<int, 2>>(encoded(std::vector{1, 2, 3})); }) ==
        stet::errc::payload);
}

TEST_CASE("pairs, tuples and variants survive") {
  round_trip(std::pair<int, std::string>(1, "x"));
  round_trip(std::tuple<>());
  round_trip(std::tuple<int>(4));
  round_trip(std::tuple<std::tuple<int>>(std::tuple<int>(4)));
  round_trip(std::tuple<int, std::string, std::optional<double>>(1, "two", 3.0));
  using either = std::variant<int, std::string, std::vector<int>, int>;
  round_trip(either(std::in_place_index<0>, 4));
  round_trip(either("text"));
  round_trip(either(std::vector{1, 2}));
  round_trip(either(std::in_place_index<3>, 4));
  round_trip(std::variant<std::monostate, int>());
  round_trip(std::monostate());
  CHECK(code_of([] { return stet::decode<std::variant<int>>(encoded(std::pair(1, 1))); }) ==
        stet::errc::payload);
}

TEST_CASE("a variant without a value is not written") {
  std::variant<int, brittle> v(7);
  CHECK_THROWS_AS(v.emplace<brittle>(1), int);
  REQUIRE(v.valueless_by_exception());
  std::string bytes;
  CHECK_THROWS_AS(stet::encode(bytes, v), std::bad_variant_access);
  CHECK(bytes.empty());
}

TEST_CASE("ordered maps and sets survive, also those with equal keys") {
  round_trip(std::map<std::string, std::vector<int>>{{"a", {1}}, {"b", {}}});
  round_trip(std::map<int, std::map<int, int>>{{1, {{2, 3}}}});
  round_trip(std::map<int, int, std::greater<>>{{1, 2}, {3, 4}});
  round_trip(std::multimap<int, std::string>{{1, "first"}, {1, "second"}, {0, "zeroth"}});
  round_trip(std::set<int>{3, 1});
  round_trip(std::multiset<int>{3, 1, 3});
  round_trip(std::set<std::pair<int, int>>{{1, 2}});
}

TEST_CASE("a map or a set that says a key twice is refused") {
  const std::string_view map("\xa2\x01\x01\x01\x02");
  CHECK(code_of([&] { return stet::decode<std::map<int, int>>(map); }) == stet::errc::payload);
  CHECK(stet::decode<std::multimap<int, int>>(map).size() == 2);
  CHECK(code_of([] { return stet::decode<std::set<int>>(encoded(std::vector{1, 1})); }) ==
        stet::errc::payload);
}

TEST_CASE("durations and points of time survive") {
  round_trip(5s);
  round_trip(-1ns);
  round_trip(7.5s);
  round_trip(std::chrono::milliseconds::max());
  round_trip(std::chrono::days{10});
  round_trip(std::chrono::sys_seconds{123456789s});
  round_trip(std::chrono::sys_time<std::chrono::nanoseconds>::min());
}

TEST_CASE("whatever a codec throws comes out of decode as a stet::error, apart from bad_alloc") {
  auto thrown_for = [](unsigned how) -> std::string {
    std::string bytes;
    stet::writer(bytes).natural(how);
    try {
      (void)stet::decode<moody>(bytes);
    } catch (const stet::error& e) {
      return std::string(stet::to_string(e.code())) + ": " + e.what();
    } catch (const std::bad_alloc&) { return "bad_alloc"; } catch (...) {
      return "something else";
    }
    return "nothing";
  };
  CHECK(thrown_for(0).find("payload: the codec of its type threw") == 0);
  CHECK(thrown_for(1) == "payload: the codec of its type threw: no such field");
  CHECK(thrown_for(2) == "bad_alloc");
  CHECK(thrown_for(3) == "not_found: as it is");
  CHECK(thrown_for(4) == "nothing");
}

TEST_CASE("void travels as null") {
  stet::decode<void>("\xf6");
  CHECK(code_of([] { return stet::decode<void>("\xf6\xf6"), 0; }) == stet::errc::payload);
  CHECK(code_of([] { return stet::decode<void>("\x01"), 0; }) == stet::errc::payload);
  CHECK(code_of([] { return stet::decode<void>(""), 0; }) == stet::errc::payload);
}

TEST_CASE("results that can only be moved are written and read, also inside others") {
  round_trip(ticket{std::make_unique<int>(5)});
  std::vector<ticket> many;
  many.push_back({std::make_unique<int>(1)});
  many.push_back({std::make_unique<int>(2)});
  CHECK(stet::decode<std::vector<ticket>>(encoded(many)) == many);
  std::optional<ticket> perhaps(ticket{std::make_unique<int>(3)});
  CHECK(stet::decode<std::optional<ticket>>(encoded(perhaps)) == perhaps);
  std::pair<int, ticket> two(1, ticket{std::make_unique<int>(4)});
  CHECK(stet::decode<std::pair<int, ticket>>(encoded(two)) == two);
  std::variant<int, ticket> either(ticket{std::make_unique<int>(6)});
  CHECK(stet::decode<std::variant<int, ticket>>(encoded(either)) == either);
  std::array<ticket, 2> both{ticket{std::make_unique<int>(7)}, ticket{std::make_unique<int>(8)}};
  CHECK(stet::decode<std::array<ticket, 2>>(encoded(both)) == both);
  std::tuple<ticket> single(ticket{std::make_unique<int>(9)});
  CHECK(stet::decode<std::tuple<ticket>>(encoded(single)) == single);
}

TEST_CASE("the user's own codecs serve for one type or for a family, and nest") {
  round_trip(packed{77});
  round_trip(box<int>{1});
  round_trip(box<std::vector<box<std::string>>>{{{"t"}}});
  CHECK(code_of([] {
          return stet::decode<packed>(
              "\x43"
              "abc");
        }) == stet::errc::payload);
}

TEST_CASE("a type that contains itself is bounded by the depth of an item") {
  tree t{0, {}};
  for (int i = 1; i < 32; ++i) t = tree{i, {std::move(t)}};
  round_trip(t);
  for (int i = 0; i < 100; ++i) t = tree{i, {std::move(t)}};
  CHECK(code_of([&] { return stet::decode<tree>(encoded(t)); }) == stet::errc::payload);
}
