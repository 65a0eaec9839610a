#include "base/engine_time.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <type_traits>

#include "base/ids.hpp"

using stet::detail::engine_time;
using stet::detail::minus;
using stet::detail::plus;
using stet::detail::run_number;

namespace {

// It costs what its number costs.
static_assert(sizeof(engine_time) == sizeof(std::int64_t));
static_assert(std::is_trivially_copyable_v<engine_time>);

// Neither a plain number (a length, or a reading of a steady clock) nor a user's time becomes one
// unless the code says so, and none becomes a plain number by itself.
static_assert(std::is_constructible_v<engine_time, std::int64_t>);
static_assert(!std::is_convertible_v<std::int64_t, engine_time>);
static_assert(!std::is_convertible_v<stet::time_point, engine_time>);
static_assert(!std::is_constructible_v<engine_time, stet::duration>);
static_assert(!std::is_constructible_v<std::int64_t, engine_time>);
static_assert(!std::is_convertible_v<engine_time, bool>);

template <class A, class B>
concept compares = requires(A a, B b) { a == b; } || requires(A a, B b) { a < b; };
template <class A, class B>
concept adds = requires(A a, B b) { a + b; };
template <class A, class B>
concept subtracts = requires(A a, B b) { a - b; };
static_assert(compares<engine_time, engine_time>);
static_assert(!compares<engine_time, std::int64_t>);
static_assert(!compares<engine_time, run_number>);
static_assert(!adds<engine_time, engine_time>);
static_assert(!adds<engine_time, run_number>);
static_assert(!subtracts<std::int64_t, engine_time>);

constexpr engine_time latest(INT64_MAX - 1), earliest(INT64_MIN + 1);

}  // namespace

TEST_CASE("a time and a length give a time, and two times give a length") {
  const engine_time t(1000);
  CHECK((t + 24) == engine_time(1024));
  CHECK((t + -24) == engine_time(976));
  CHECK((t - 24) == engine_time(976));
  CHECK((t - engine_time(990)) == 10);
  CHECK((engine_time(990) - t) == -10);
  CHECK(std::max(t, engine_time(7)) == t);
  CHECK(engine_time::before_all() < earliest);
  CHECK(earliest < t);
  CHECK(latest < engine_time::never());
}

TEST_CASE("a sum that is too large or too small gives the latest or the earliest time") {
  const engine_time t(1000), before_1970(-1000);
  CHECK((t + INT64_MAX) == latest);
  CHECK((t - INT64_MIN) == latest);
  CHECK((before_1970 + INT64_MIN) == earliest);
  CHECK((before_1970 - INT64_MAX) == earliest);
  CHECK((engine_time::never() + 1) == latest);
  CHECK((engine_time::never() + 0) == engine_time::never());
  CHECK((engine_time::before_all() - 1) == earliest);
  // A sum that just exists is exact.
  CHECK((engine_time(1) + (INT64_MAX - 1)) == engine_time::never());
}

TEST_CASE("a length that is too large or too small is the largest or smallest number but one") {
  CHECK((engine_time::never() - engine_time(-1)) == INT64_MAX - 1);
  CHECK((engine_time::before_all() - engine_time(1)) == INT64_MIN + 1);
  CHECK((engine_time::never() - engine_time()) == INT64_MAX);
  CHECK(plus(INT64_MAX, 1) == INT64_MAX - 1);
  CHECK(plus(INT64_MIN, -1) == INT64_MIN + 1);
  CHECK(plus(3, 4) == 7);
  CHECK(minus(INT64_MIN, 1) == INT64_MIN + 1);
  CHECK(minus(0, INT64_MIN) == INT64_MAX - 1);
  CHECK(minus(3, 4) == -1);
}

TEST_CASE("zero is no time") {
  CHECK(!engine_time());
  CHECK(engine_time(1));
  CHECK(engine_time(-1));
}

TEST_CASE("users have the same time as a time_point") {
  const stet::time_point t(stet::duration(1'764'000'000'000));
  CHECK(engine_time(t).value() == 1'764'000'000'000);
  CHECK(to_time_point(engine_time(t)) == t);
}
