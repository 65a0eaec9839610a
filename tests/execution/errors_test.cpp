// Exceptions: which of them are an answer of the code that throws them, and what is recorded.
#include "execution/errors.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include <stet/codec.hpp>

using namespace stet::detail;

namespace {

struct sold_out : std::runtime_error {
  explicit sold_out(int n) : std::runtime_error("sold out"), left(n) {}
  int left;
};
struct sold_out_today : sold_out {
  using sold_out::sold_out;
};
struct no_card : stet::permanent_error {
  using permanent_error::permanent_error;
};

}  // namespace

template <> struct stet::codec<sold_out> {
  static void encode(stet::writer& out, const sold_out& e) { out.integer(e.left); }
  static sold_out decode(stet::reader& in) { return sold_out(static_cast<int>(in.integer())); }
};

namespace {

error_registry declared() {
  error_registry all;
  all.add(std::make_unique<declared_error_of<sold_out>>("sold-out"));
  return all;
}
template <class E> escape escape_of(const E& e) {
  return declared().escape_of(std::make_exception_ptr(e));
}

}  // namespace

TEST_CASE("errors of Stet's and declared exceptions are answers") {
  stet::failure f{"type", "no", {}, 1};
  CHECK(escape_of(stet::step_failed(stet::errc::step_failed, "s", f)) == escape::answer);
  CHECK(escape_of(stet::child_failed(stet::errc::child_failed, "c", f)) == escape::answer);
  CHECK(escape_of(stet::error(stet::errc::usage, "co_await", "twice")) == escape::answer);
  CHECK(escape_of(stet::error(stet::errc::payload, "co_return", "too long")) == escape::answer);
  CHECK(escape_of(stet::permanent_error("never")) == escape::answer);
  CHECK(escape_of(no_card("never")) == escape::answer);
  CHECK(escape_of(sold_out(3)) == escape::answer);
}

TEST_CASE("everything else is an accident") {
  CHECK(escape_of(std::out_of_range("vector")) == escape::accident);
  CHECK(escape_of(sold_out_today(3)) == escape::accident);  // declared means: of exactly that type
  CHECK(escape_of(42) == escape::accident);
  CHECK(escape_of(nullptr) == escape::accident);
}

TEST_CASE("what doesn't decode is told from other errors, and recorded as a stet::error") {
  CHECK(escape_of(undecodable(stet::errc::payload, "paid", "no text")) == escape::undecodable);
  try {
    (void)stet::decode<std::string>("\x07");
  } catch (...) { CHECK(declared().escape_of(std::current_exception()) == escape::undecodable); }
  CHECK_THROWS_AS(declared().raise(stet::errc::step_failed, "s", {"sold-out", "", "\x61x", 1}),
                  undecodable);  // a declared exception of other bytes
  CHECK_THROWS_AS(declared().raise(stet::errc::step_failed, "s", {"sold-out", "", "\x03", 1}),
                  sold_out);
  auto f = declared().describe(
      std::make_exception_ptr(undecodable(stet::errc::payload, "paid", "no text")));
  auto plain = declared().describe(
      std::make_exception_ptr(stet::error(stet::errc::payload, "paid", "no text")));
  CHECK(f.type == plain.type);
  CHECK(f.message == "no text");
}
