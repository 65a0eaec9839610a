#include "base/ids.hpp"

#include <doctest/doctest.h>

#include <type_traits>
#include <unordered_set>

using stet::detail::command_number;
using stet::detail::no_run;
using stet::detail::record_lsn;
using stet::detail::run_number;

namespace {

// It costs what its number costs.
static_assert(sizeof(run_number) == sizeof(std::uint64_t));
static_assert(sizeof(command_number) == sizeof(std::uint32_t));
static_assert(std::is_trivially_copyable_v<run_number>);
static_assert(std::is_standard_layout_v<run_number>);

// A plain number becomes one only where that is said, and none becomes a plain number by itself.
static_assert(std::is_constructible_v<run_number, std::uint64_t>);
static_assert(!std::is_convertible_v<std::uint64_t, run_number>);
static_assert(!std::is_convertible_v<run_number, std::uint64_t>);
static_assert(!std::is_constructible_v<std::uint64_t, run_number>);
static_assert(!std::is_convertible_v<run_number, bool>);

// Neither is one made of another kind, nor held against it.
template <class A, class B>
concept mixes = std::is_constructible_v<A, B> || std::is_assignable_v<A&, B> || requires(A a, B b) {
  a == b;
} || requires(A a, B b) { a < b; } || requires(A a, B b) { a + b; };
static_assert(mixes<run_number, run_number>);
static_assert(!mixes<run_number, record_lsn>);
static_assert(!mixes<record_lsn, run_number>);
static_assert(!mixes<command_number, run_number>);
static_assert(!std::is_convertible_v<std::uint32_t, command_number>);

}  // namespace

TEST_CASE("a number of a kind counts, is compared and is found as its plain number is") {
  run_number run(7);
  CHECK(run.value() == 7);
  CHECK(run++ == run_number(7));
  CHECK(++run == run_number(9));
  CHECK((run + 1).value() == 10);
  CHECK((run - 1).value() == 8);
  CHECK(run < run_number::max());
  std::unordered_set<run_number> all{run, run_number(9), run_number(10)};
  CHECK(all.size() == 2);
}

TEST_CASE("zero is none") {
  CHECK(run_number() == no_run);
  CHECK(!no_run);
  CHECK(run_number(1));
}
