// The difference between a record of the history and one of today's code.
#include "execution/difference.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <tuple>

#include <stet/codec.hpp>

using namespace stet::detail;
using stet::compared;

namespace {

record of(record_kind kind, std::string_view name = {}, std::string_view payload = {}) {
  record r;
  r.kind = kind;
  r.name = name;
  r.payload = payload;
  return r;
}
template <class... A> std::string arguments(const A&... a) {
  std::string bytes;
  stet::encode(bytes, std::tuple<A...>(a...));
  return bytes;
}
std::string said(const record& was, const record& is) {
  return text_of(difference(was, is, compared::arguments), was, is);
}

using order = std::map<std::string, int>;

}  // namespace

TEST_CASE("kind, name and id count in any case, and the text says which of them differs") {
  auto step = of(record_kind::step, "charge");
  for (auto what : {compared::names, compared::arguments}) {
    CHECK(difference(step, step, what) == respect::nothing);
    CHECK(difference(step, of(record_kind::sleep), what) == respect::kind);
    CHECK(difference(step, of(record_kind::step, "pay"), what) == respect::name);
    auto child = of(record_kind::child, "pay"), other = child;
    child.target = "a";
    other.target = "b";
    CHECK(difference(child, other, what) == respect::target);
    CHECK(text_of(respect::target, child, other) == "another id");
    auto holds = of(record_kind::condition, "signal 'go'");
    holds.flags = flag::condition::holds;
    CHECK(difference(of(record_kind::condition, "signal 'go'"), holds, what) == respect::outcome);
    auto memo = of(record_kind::described), details = memo;
    memo.flags = flag::described::memo;
    details.flags = flag::described::details;
    CHECK(difference(memo, details, what) == respect::description);
  }
}

TEST_CASE("arguments, times, texts and types of exceptions count only on request") {
  const auto hundred = arguments(100), more = arguments(200);
  auto was = of(record_kind::step, "charge", hundred), is = was;
  is.payload = more;
  CHECK(difference(was, is, compared::names) == respect::nothing);
  CHECK(difference(was, is, compared::arguments) == respect::argument);
  auto minute = of(record_kind::sleep), hour = minute;
  minute.number = 60'000;
  hour.number = 3'600'000;
  CHECK(difference(minute, hour, compared::names) == respect::nothing);
  CHECK(difference(minute, hour, compared::arguments) == respect::time);
  auto details = of(record_kind::described, {}, "paied"), mended = details;
  details.flags = mended.flags = flag::described::details;
  mended.payload = "paid";
  CHECK(difference(details, mended, compared::names) == respect::nothing);
  CHECK(said(details, mended) == "other details");
  auto failed = of(record_kind::update_failed), moved = failed;
  failed.error_type = "shop::sold_out";
  moved.error_type = "shop::errors::sold_out";
  CHECK(difference(failed, moved, compared::names) == respect::nothing);
  CHECK(difference(failed, moved, compared::arguments) == respect::error);
}

TEST_CASE("the text names the argument, and its field, but no value") {
  auto step = [](std::string_view payload) { return of(record_kind::step, "charge", payload); };
  const auto one = arguments(std::string("ann"), 100), two = arguments(std::string("ann"), 200),
             three = arguments(std::string("ann"), 100, true);
  CHECK(said(step(one), step(two)) == "another argument 2");
  CHECK(said(step(one), step(three)) == "another number of arguments, 2 in the history, 3 today");
  const auto first = arguments(order{{"cents", 1}, {"item", 2}}),
             other = arguments(order{{"cents", 1}, {"item", 3}}),
             wider = arguments(order{{"cents", 1}, {"colour", 7}, {"item", 2}}),
             data = arguments(order{{"ann's secret", 1}});
  CHECK(said(step(first), step(other)) == "another argument 1, in its field 'item'");
  CHECK(said(step(first), step(wider)) ==
        "another argument 1, with the field 'colour', which the history doesn't have");
  CHECK(said(step(wider), step(first)) ==
        "another argument 1, without the field 'colour', which the history has");
  CHECK(said(step(first), step(data)).find("secret") == std::string::npos);
  CHECK(said(step(one), step("\xff sealed")) == "other arguments");
  CHECK(said(step(one), step("\x82\x1c")) == "other bytes, which can't be read");
  auto result = of(record_kind::completed, {}, one), another = of(record_kind::completed, {}, two);
  CHECK(said(result, another) == "another result");
}

TEST_CASE("a map with very many entries is data: its entries aren't compared one by one") {
  order was, is;
  for (int i = 0; i < 1000; ++i) {
    was["n" + std::to_string(i)] = i;
    is["n" + std::to_string(i)] = i + 1;
  }
  const auto one = arguments(was), two = arguments(is);
  CHECK(said(of(record_kind::step, "add", one), of(record_kind::step, "add", two)) ==
        "another argument 1");
}
