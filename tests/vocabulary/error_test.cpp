// Failures: their fields, how they are caught, and the numbers that are on disk.
#include <doctest/doctest.h>

#include <memory>
#include <type_traits>
#include <vector>

#include <stet/error.hpp>

namespace {
const stet::failure refused{"bank::refused", "no such account", "\x01", 3};

struct own_error : stet::permanent_error {
  using permanent_error::permanent_error;
};

template <class T> stet::outcome<T> failed_outcome(const auto& e) {
  return std::make_exception_ptr(e);
}
}  // namespace

TEST_CASE("the numbers of errc are on disk and never change") {
  const std::pair<stet::errc, const char*> all[] = {
      {stet::errc::usage, "usage"},
      {stet::errc::payload, "payload"},
      {stet::errc::too_deep, "too_deep"},
      {stet::errc::unknown_workflow, "unknown_workflow"},
      {stet::errc::conflict, "conflict"},
      {stet::errc::not_found, "not_found"},
      {stet::errc::rejected, "rejected"},
      {stet::errc::step_failed, "step_failed"},
      {stet::errc::step_timed_out, "step_timed_out"},
      {stet::errc::step_interrupted, "step_interrupted"},
      {stet::errc::step_crashed, "step_crashed"},
      {stet::errc::run_failed, "run_failed"},
      {stet::errc::run_cancelled, "run_cancelled"},
      {stet::errc::run_terminated, "run_terminated"},
      {stet::errc::run_stalled, "run_stalled"},
      {stet::errc::store, "store"},
      {stet::errc::corrupt, "corrupt"},
      {stet::errc::full, "full"},
      {stet::errc::closed, "closed"},
      {stet::errc::child_failed, "child_failed"},
      {stet::errc::promise_rejected, "promise_rejected"},
      {stet::errc::update_failed, "update_failed"},
      {stet::errc::run_ended, "run_ended"},
      {stet::errc::run_timed_out, "run_timed_out"},
      {stet::errc::internal, "internal"},
      {stet::errc::busy, "busy"},
      {stet::errc::other_arguments, "other_arguments"},
  };
  int number = 0;
  for (auto [code, name] : all) {
    CHECK(static_cast<int>(code) == number++);
    CHECK(stet::to_string(code) == name);
  }
  CHECK(stet::to_string(stet::errc(number)) == "unknown");
  CHECK(stet::to_string(stet::errc(255)) == "unknown");
  static_assert(sizeof(stet::errc) == 1);
}

TEST_CASE("an error carries its code, its operation and its message") {
  const stet::error e(stet::errc::run_stalled, "order-7", "no such step any more");
  CHECK(e.code() == stet::errc::run_stalled);
  CHECK(e.operation() == "order-7");
  CHECK(e.what() == std::string("no such step any more"));
  stet::error copy(e);
  copy = e;
  CHECK(copy.operation() == "order-7");
}

TEST_CASE("a failure of something durable carries everything that is known of it") {
  try {
    throw stet::step_failed(stet::errc::step_failed, "withdraw", refused);
  } catch (const stet::failed& e) {
    CHECK(e.code() == stet::errc::step_failed);
    CHECK(e.operation() == "withdraw");
    CHECK(e.type() == "bank::refused");
    CHECK(e.message() == "no such account");
    CHECK(e.attempts() == 3);
    CHECK(e.cause().payload == "\x01");
    CHECK(e.what() == std::string("withdraw: no such account (bank::refused, attempt 3)"));
  }
}

TEST_CASE("a failure is caught by its own class, its families and std::exception") {
  const auto thrown = [](const auto& e) { return std::make_exception_ptr(e); };
  const std::exception_ptr steps[] = {
      thrown(stet::step_timed_out(stet::errc::step_timed_out, "s", refused)),
      thrown(stet::step_crashed(stet::errc::step_crashed, "s", refused)),
      thrown(stet::step_interrupted(stet::errc::step_interrupted, "s", refused)),
      thrown(stet::step_failed(stet::errc::step_failed, "s", refused))};
  for (const auto& e : steps) {
    CHECK_THROWS_AS(std::rethrow_exception(e), stet::step_failed);
    CHECK_THROWS_AS(std::rethrow_exception(e), stet::failed);
    CHECK_THROWS_AS(std::rethrow_exception(e), stet::error);
    CHECK_THROWS_AS(std::rethrow_exception(e), std::runtime_error);
  }
  static_assert(std::is_base_of_v<stet::failed, stet::child_failed>);
  static_assert(std::is_base_of_v<stet::failed, stet::run_failed>);
  static_assert(!std::is_base_of_v<stet::failed, stet::run_cancelled>);
  static_assert(std::is_base_of_v<stet::error, stet::run_terminated>);
}

TEST_CASE("a cancellation is no std::exception, and says why") {
  static_assert(!std::is_base_of_v<std::exception, stet::cancelled>);
  bool passed = false;
  try {
    try {
      throw stet::cancelled("the customer left");
    } catch (const std::exception&) { FAIL("taken for a failure"); }
  } catch (const stet::cancelled& c) { passed = c.reason() == "the customer left"; }
  CHECK(passed);
}

TEST_CASE("an exception derived from permanent_error is one") {
  CHECK_THROWS_AS(throw own_error("never again"), stet::permanent_error);
  CHECK_THROWS_WITH(throw own_error("never again"), "never again");
}

TEST_CASE("an outcome with a value gives it") {
  stet::outcome<std::string> o("text");
  CHECK(o);
  CHECK(o.has_value());
  CHECK(o.value() == "text");
  CHECK(*o == "text");
  CHECK(o->size() == 4);
  const auto& fixed = o;
  CHECK(fixed.value() == "text");
  CHECK(*fixed == "text");
  CHECK(fixed->size() == 4);
  CHECK(o.exception() == nullptr);
  CHECK(!o.failed_as<stet::error>());
  CHECK(std::move(o).value_or("other") == "text");
}

TEST_CASE("an outcome in a variable gives its value or another, and keeps it") {
  stet::outcome<std::string> o("text");
  CHECK(o.value_or("other") == "text");
  CHECK(o.value_or("other") == "text");
  const auto none = failed_outcome<int>(std::runtime_error("no"));
  CHECK(none.value_or(5) == 5);
}

TEST_CASE("an outcome without a value throws what was thrown") {
  const stet::step_failed e(stet::errc::step_failed, "withdraw", refused);
  auto o = failed_outcome<int>(e);
  CHECK(!o);
  CHECK_THROWS_AS(o.value(), stet::step_failed);
  CHECK_THROWS_AS(std::as_const(o).value(), stet::step_failed);
  CHECK(o.failed_as<stet::step_failed>()->attempts() == 3);
  CHECK(o.failed_as()->code() == stet::errc::step_failed);
  CHECK(!o.failed_as<stet::child_failed>());
  CHECK(std::move(o).value_or(7) == 7);
  auto cancelled = failed_outcome<int>(stet::cancelled("x"));
  CHECK(!cancelled.failed_as<stet::error>());
  CHECK(cancelled.failed_as<stet::cancelled>()->reason() == "x");
}

TEST_CASE("outcomes of nothing, and of what can only be moved") {
  stet::outcome<void> nothing{std::monostate()};
  CHECK(nothing);
  CHECK_NOTHROW(nothing.value());
  stet::outcome<std::unique_ptr<int>> owner(std::make_unique<int>(4));
  auto taken = std::move(owner).value();
  CHECK(*taken == 4);
  for (int n = 0; int i : *stet::outcome<std::vector<int>>(std::vector{0, 1, 2})) CHECK(i == n++);
}
