// Errors of one run, and errors of the engine.
#include "engine/services/failures.hpp"

#include <doctest/doctest.h>

#include <new>
#include <stdexcept>

#include <stet/store.hpp>

#include "base/bytes.hpp"
#include "base/ensure.hpp"
#include "base/users_exception.hpp"

using namespace stet::detail;

namespace {

/// The code of the error that callers get; empty if it is no error of Stet's.
std::optional<stet::errc> code_of(const std::exception_ptr& e) {
  try {
    std::rethrow_exception(as_error(e));
  } catch (const stet::error& x) { return x.code(); } catch (...) {
    return std::nullopt;
  }
}
template <class E> const void* address(const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const E& x) { return &x; }
}

}  // namespace

TEST_CASE("what can't be read of one run concerns that run, and what a store says the engine") {
  CHECK(is_of_one_run({stet::errc::corrupt, "x", "y"}));
  CHECK(is_of_one_run({stet::errc::payload, "x", "y"}));
  CHECK(is_of_one_run(unreadable_run(run_number(7), "a")));
  CHECK(!is_of_one_run({stet::errc::usage, "x", "y"}));
  CHECK(!is_of_one_run(stet::store_error(stet::errc::corrupt, "get", "", 0, "y")));
}

TEST_CASE("a run that can't be read is named by its id and its number") {
  unreadable_run e(run_number(7), "order");
  CHECK(e.run() == run_number(7));
  CHECK(std::string(e.what()).find("'order'") != std::string::npos);
  CHECK(std::string(e.what()).find("number is 7") != std::string::npos);
}

TEST_CASE("a broken rule and damage are told as errors of Stet's, and the rest as it is") {
  auto broken = to_exception([] {
    ensure(false, "a rule");
    return 0;
  });
  CHECK(code_of(broken) == stet::errc::internal);
  CHECK(code_of(std::make_exception_ptr(malformed("x"))) == stet::errc::corrupt);
  CHECK(code_of(std::make_exception_ptr(stet::error(stet::errc::busy, "x", "y"))) ==
        stet::errc::busy);
  CHECK(!code_of(std::make_exception_ptr(std::runtime_error("x"))));
  auto of_user = std::make_exception_ptr(stet::error(stet::errc::payload, "x", "no key"));
  CHECK(code_of(std::make_exception_ptr(users_exception(of_user))) == stet::errc::payload);
}

TEST_CASE("where an error can't be made, what was thrown instead is told") {
  auto e = to_exception([]() -> int { throw std::bad_alloc(); });
  CHECK_THROWS_AS(std::rethrow_exception(e), std::bad_alloc);
}

TEST_CASE("each thread that is told an error gets an object of its own, of the same type") {
  CHECK(own_copy(nullptr) == nullptr);
  auto plain = std::make_exception_ptr(stet::error(stet::errc::busy, "x", "y"));
  CHECK(address<stet::error>(own_copy(plain)) != address<stet::error>(plain));
  auto of_store =
      std::make_exception_ptr(stet::store_error(stet::errc::full, "commit", "path", 5, "no room"));
  auto copy = own_copy(of_store);
  CHECK(address<stet::store_error>(copy) != address<stet::store_error>(of_store));
  auto foreign = std::make_exception_ptr(std::runtime_error("x"));
  CHECK(own_copy(foreign) == foreign);  // a foreign exception can't be copied
}
