// Names are constants. For code that must not compile see tests/compile_fail.
#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <stet/names.hpp>

namespace {

struct transfer {
  std::string from, to;
  std::int64_t cents;
};
struct insufficient_funds : std::exception {};

constexpr stet::workflow<std::string(transfer)> MoveMoney{"move-money"};
constexpr stet::workflow<void()> Nothing{"nothing"};
constexpr stet::workflow<int(int, std::string)> Two{"two"};
constexpr stet::error_type<insufficient_funds> Insufficient{"insufficient-funds"};

static_assert(MoveMoney.text() == "move-money");
static_assert(std::is_trivially_destructible_v<decltype(MoveMoney)>);
static_assert(std::is_trivially_copyable_v<decltype(Two)>);
static_assert(Nothing == stet::workflow<void()>{"nothing"});
static_assert(!(Two == stet::workflow<int(int, std::string)>{"three"}));

using stet::detail::owning;
static_assert(owning<int> && owning<std::string> && owning<std::vector<int>> && owning<transfer> &&
              owning<std::unique_ptr<int>> && owning<std::map<int, int>>);
static_assert(!owning<int&> && !owning<int*> && !owning<const char*> && !owning<std::string_view> &&
              !owning<std::wstring_view> && !owning<std::span<const int>> &&
              !owning<std::span<int, 3>> && !owning<std::reference_wrapper<int>> &&
              !owning<std::string&&> && !owning<const std::string_view&>);

}  // namespace

TEST_CASE("a name is its text") {
  CHECK(MoveMoney.text() == "move-money");
  CHECK(Insufficient.text() == "insufficient-funds");
}

TEST_CASE("a name may be written in any language") {
  constexpr stet::workflow<int()> Transfer{"Überweisung an 株式会社"};
  CHECK(Transfer.text() == "Überweisung an 株式会社");
}
