#include "base/decimal.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <clocale>
#include <limits>
#include <string>

using stet::detail::parse_decimal;

TEST_CASE("a decimal number is read exactly") {
  CHECK(parse_decimal("0") == 0.0);
  CHECK(parse_decimal("-12") == -12.0);
  CHECK(parse_decimal("007.250") == 7.25);
  CHECK(parse_decimal(".5") == 0.5);
  CHECK(parse_decimal("-.5") == -0.5);
  CHECK(parse_decimal("1.") == 1.0);
  CHECK(parse_decimal("1E5") == 1e5);
  CHECK(parse_decimal("1e+5") == 1e5);
  CHECK(parse_decimal("25e-2") == 0.25);
  CHECK(parse_decimal("0.1") == 0.1);
  // Halfway between two doubles, and just above: the even one, and the next.
  CHECK(parse_decimal("9007199254740993") == 9007199254740992.0);
  CHECK(parse_decimal("9007199254740993.00000000000000000000000000001") == 9007199254740994.0);
  CHECK(parse_decimal(std::string(2000, '0') + "1." + std::string(2000, '0')) == 1.0);
}

TEST_CASE("the limits of a double") {
  using limits = std::numeric_limits<double>;
  CHECK(parse_decimal("1.7976931348623157e308") == limits::max());
  CHECK(parse_decimal("-1.7976931348623157e308") == limits::lowest());
  CHECK(parse_decimal("2.2250738585072014e-308") == limits::min());
  CHECK(parse_decimal("1e-310") == 1e-310);
  CHECK(parse_decimal("4.9e-324") == limits::denorm_min());
  CHECK(parse_decimal("0e999") == 0.0);
  CHECK(parse_decimal("0.0e-999") == 0.0);
  for (auto* beyond : {"1.7976931348623159e308", "1e999", "-1e999", "2e-324", "1e-400", "-1e-400"})
    CHECK_MESSAGE(!parse_decimal(beyond), beyond);
}

TEST_CASE("what is no decimal number") {
  using namespace std::string_view_literals;
  for (auto text : {""sv,     " 1"sv,    "1 "sv,       "\t1"sv, "+1"sv,   "-+1"sv,   "--1"sv,
                    "-"sv,    "."sv,     "-."sv,       "e5"sv,  ".e5"sv,  "1e"sv,    "1e+"sv,
                    "1e5e"sv, "1.2.3"sv, "1-2"sv,      "1,5"sv, "0x10"sv, "1p3"sv,   "inf"sv,
                    "-inf"sv, "nan"sv,   "infinity"sv, "1\0"sv, "1x"sv,   "1'000"sv, "1_000"sv})
    CHECK_MESSAGE(!parse_decimal(text), text);
  CHECK(parse_decimal("1.5 AND"sv.substr(0, 3)) == 1.5);  // no further than the view
}

TEST_CASE("errno stays as it was") {
  errno = EAGAIN;
  auto beyond = parse_decimal("1e999"), within = parse_decimal("1.5");
  const int after = errno;  // CHECK itself may change it
  CHECK(!beyond);
  CHECK(within == 1.5);
  CHECK(after == EAGAIN);
  errno = 0;
}

TEST_CASE("a program's locale with a comma changes nothing") {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  bool has_comma = false;
  for (auto* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "pl_PL.UTF-8", "ru_RU.UTF-8"})
    if ((has_comma = std::setlocale(LC_ALL, name) && *std::localeconv()->decimal_point == ','))
      break;
  if (!has_comma) MESSAGE("no locale with a comma is installed: only the classic one is tried");
  CHECK(parse_decimal("1.5") == 1.5);
  CHECK(!parse_decimal("1,5"));
  std::setlocale(LC_ALL, before.c_str());
}
