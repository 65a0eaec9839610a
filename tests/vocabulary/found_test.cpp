// The result of a look-up: loops over members of temporaries are right.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <stet/attributes.hpp>
#include <stet/error.hpp>
#include <stet/found.hpp>

using stet::found;

namespace {

int alive = 0;  // elements that exist

struct element {
  int n = 0;
  explicit element(int i) : n(i) { ++alive; }
  element(const element& o) : n(o.n) { ++alive; }
  element& operator=(const element&) = default;
  ~element() { --alive, n = -1; }
};
struct thing {
  std::vector<element> parts;
  bool operator==(const thing&) const = delete;
};

found<thing> look_up() {
  thing t;
  for (int i = 1; i <= 3; ++i) t.parts.emplace_back(i);
  return t;
}
found<std::vector<element>> look_up_parts() { return look_up().value().parts; }

}  // namespace

TEST_CASE("a loop over a member of what was looked up reads what exists") {
  int sum = 0;
  for (auto& one : look_up().value().parts) {
    CHECK(alive == 3);
    sum += one.n;
  }
  for (auto& one : (*look_up()).parts) {
    CHECK(alive == 3);
    sum += one.n;
  }
  for (auto& one : *look_up_parts()) {
    CHECK(alive == 3);
    sum += one.n;
  }
  for (auto& one : look_up_parts().value()) {
    CHECK(alive == 3);
    sum += one.n;
  }
  CHECK(sum == 24);
  CHECK(alive == 0);
}

TEST_CASE("a temporary that is const gives its value away, too") {
  static constexpr auto look = []() -> const found<thing> { return look_up(); };
  int sum = 0;
  for (auto& one : look().value().parts) {
    CHECK(alive == 3);
    sum += one.n;
  }
  for (auto& one : (*look()).parts) sum += one.n;
  CHECK(sum == 12);
  CHECK(alive == 0);
}

TEST_CASE("it is an optional for everything else") {
  found<std::string> none, nothing = std::nullopt, some("x");
  CHECK(!none);
  CHECK(none == nothing);
  CHECK(none != some);
  CHECK(some == "x");
  CHECK(some != std::string("y"));
  CHECK(none != std::string("y"));
  CHECK(std::string("x") == some);
  CHECK(some != nothing);
  CHECK(some == found<std::string>("x"));
  CHECK(some->size() == 1);
  CHECK(none.value_or("y") == "y");
  const std::optional<std::string>& plain = some;
  CHECK(plain == "x");
  some.value() = "z";
  CHECK(*some == "z");
  const auto& same = some;
  CHECK(&*same == &same.value());
}

TEST_CASE("it can be the result of a step: it is stored as an optional") {
  for (auto& one : {found<int>(5), found<int>()}) {
    std::string bytes, plain;
    stet::encode(bytes, one);
    stet::encode(plain, static_cast<const std::optional<int>&>(one));
    CHECK(bytes == plain);
    CHECK(stet::decode<found<int>>(bytes) == one);
    CHECK(stet::decode<std::optional<int>>(bytes) == one);
  }
}

TEST_CASE("the error of a value that doesn't exist names it") {
  auto said = [](auto&& f) {
    try {
      (void)f();
    } catch (const stet::error& e) {
      CHECK(e.code() == stet::errc::not_found);
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(said([] {
          return found<int>(std::nullopt, "run with the id 'x'").value();
        }).find("there is no run with the id 'x'") != std::string::npos);
  static constexpr stet::attribute<std::string> Customer{"customer"};
  CHECK(said([] { return stet::attributes().get(Customer).value(); }).find("customer") !=
        std::string::npos);
  CHECK(!said([] { return found<int>().value(); }).empty());
}
