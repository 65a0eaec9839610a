// Payloads as an operator sees them.
#include <cmath>
#include <limits>
#include <map>

#include "round_trip.hpp"

using stet::describe_payload;

namespace {
template <class T> std::string described(const T& v) { return describe_payload(encoded(v)); }
}  // namespace

TEST_CASE("payloads of every kind are printed like JSON") {
  CHECK(described(0) == "0");
  CHECK(described(-1) == "-1");
  CHECK(described(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(described(~0ull) == "18446744073709551615");
  CHECK(described(true) == "true");
  CHECK(described(std::monostate()) == "null");
  CHECK(described(1.0) == "1.0");
  CHECK(described(-0.1) == "-0.1");
  CHECK(described(1e300) == "1e+300");
  CHECK(described(std::nan("")) == "NaN");
  CHECK(described(-std::numeric_limits<double>::infinity()) == "-Infinity");
  CHECK(described(std::string("ann")) == "\"ann\"");
  CHECK(described(std::vector<std::byte>{std::byte{0}, std::byte{255}}) == "h'00ff'");
  CHECK(described(std::vector{1, 2, 3}) == "[1, 2, 3]");
  CHECK(described(std::vector<int>()) == "[]");
  CHECK(described(std::map<std::string, std::vector<int>>{{"a", {1}}, {"b", {}}}) ==
        R"({"a": [1], "b": []})");
  CHECK(described(std::map<int, bool>()) == "{}");
}

TEST_CASE("what Stet doesn't write itself is printed too") {
  CHECK(describe_payload("\xf7") == "undefined");
  CHECK(describe_payload("\xf0") == "simple(16)");
  CHECK(describe_payload("\xf8\xff") == "simple(255)");
  CHECK(describe_payload(std::string_view("\xf9\x3e\x00", 3)) == "1.5");
  CHECK(describe_payload("\xc1\x61x") == "1(\"x\")");
  CHECK(describe_payload("\x3b\xff\xff\xff\xff\xff\xff\xff\xff") == "-18446744073709551616");
}

TEST_CASE("texts are escaped where a terminal or a reader would be misled") {
  CHECK(described(std::string("a\"b\\c\nd\te")) == R"("a\"b\\c\nd\u0009e")");
  CHECK(described(std::string("\x1b[2J")) == R"("\u001b[2J")");
  CHECK(described(std::string("\x7f")) == R"("\u007f")");
  CHECK(described(std::string("\xc2\x9b")) == R"("\xc2\x9b")");  // CSI, as one character
  CHECK(described(std::string("déjà € 😀")) == "\"déjà € 😀\"");
  CHECK(described(std::string("\xff\xc3")) == R"("\xff\xc3")");
  CHECK(described(std::string("\xed\xa0\x80")) == R"("\xed\xa0\x80")");          // surrogate
  CHECK(described(std::string("\xf4\x90\x80\x80")) == R"("\xf4\x90\x80\x80")");  // beyond Unicode
}

TEST_CASE("garbage is named with its place, and never thrown") {
  CHECK(describe_payload("") == "<invalid at byte 0>");
  CHECK(describe_payload("\xff") == "<invalid at byte 0>");
  CHECK(describe_payload("\x82\x01") == "[1, <invalid at byte 2>");
  CHECK(describe_payload("\x01\x02") == "1 <invalid at byte 1>");
  CHECK(describe_payload("\x63"
                         "ab") == "<invalid at byte 0>");
  CHECK(describe_payload("\xa1\x01") == "{1: <invalid at byte 2>");
  CHECK(describe_payload("\x82\x5b\xff\xff\xff\xff\xff\xff\xff\xff") == "[<invalid at byte 1>");
}

TEST_CASE("the text is bounded in size, between two characters") {
  const auto payload = encoded(std::vector<std::string>(100, "€€€"));
  for (std::size_t max = 0; max < 400; ++max) {
    const auto text = describe_payload(payload, max);
    CAPTURE(text);
    CHECK(text.size() <= max);
    CHECK(text.size() + 6 >= max);
    if (max >= 3) CHECK(text.substr(text.size() - 3) == "…");
    CHECK(describe_payload(encoded(text), 2000).find("\\x") == std::string::npos);  // is UTF-8
  }
  CHECK(describe_payload(payload).size() <= 200);
  CHECK(describe_payload(encoded(std::vector<std::byte>(1'000'000))).size() == 200);
  CHECK(describe_payload(encoded(1234), 4) == "1234");
  CHECK(describe_payload(encoded(12345), 4) == "1…");
}

TEST_CASE("the text is bounded in depth, and goes on after what it leaves out") {
  std::string deep = "\x82" + std::string(40, '\x81') + "\x01\x02";
  CHECK(describe_payload(deep) == std::string(16, '[') + "…" + std::string(15, ']') + ", 2]");
  CHECK(describe_payload(std::string(1'000'000, '\x81')).find("<invalid") != std::string::npos);
  CHECK(describe_payload(std::string(1'000'000, '\xc1'), 60).size() <= 60);
}
