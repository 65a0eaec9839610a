// The suite as a library: its report, its seed, and its program.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "controls.hpp"
#include "edited_batch.hpp"

using namespace stet_tests;
using stet::errc;
using stet::conformance::main_for;
using stet::conformance::run;
using stet::conformance::target;

namespace {

target sound() { return over_memory<stet::forwarding_store>(); }
target unsound() { return commit_controls().front().make(); }

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

errc error_code(const target& t, const stet::conformance::options& o) {
  try {
    (void)run(t, o);
  } catch (const stet::error& e) { return e.code(); }
  return errc::closed;
}

struct throws_anything : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  void commit(const stet::batch&, stet::durability) override { throw 42; }
};

/// Writes down the keys and value sizes of the batches that it commits.
struct summing : stet::forwarding_store {
  summing(std::unique_ptr<stet::store> s, std::shared_ptr<std::string> sum)
      : forwarding_store(std::move(s)), sum_(std::move(sum)) {}
  void commit(const stet::batch& b, stet::durability d) override {
    inner_->commit(b, d);
    for (const auto& o : b.operations()) *sum_ += o.key + std::to_string(o.value.size());
  }
  std::shared_ptr<std::string> sum_;
};

std::string walk_of(std::uint64_t seed) {
  auto sum = std::make_shared<std::string>();
  CHECK(run(over_memory<summing>(sum), {.only = "std::map", .seed = seed}).ok());
  return *sum;
}

}  // namespace

TEST_CASE("a report tells the clause, what was expected and found, and the seed") {
  const auto r = run(unsound(), {.only = "get: ", .seed = 7});
  CHECK(!r.ok());
  CHECK(r.seed == 7);
  REQUIRE(r.breaches.size() == 1);
  CHECK(r.breaches[0].clause == "get: the value, or nothing");
  CHECK(r.breaches[0].expected == "nothing");
  CHECK(r.breaches[0].found == "\"v\"");
  for (std::string_view part : {"wrong: 1 clauses checked, 1 broken, 0 skipped", "STET_SEED=7",
                                "get: the value, or nothing", "expected: nothing",
                                "found:    \"v\"", "the beginning of another key"}) {
    CHECK_MESSAGE(has(r.text(), part), r.text());
  }
}

TEST_CASE("a report counts what was checked, and says what was not and why") {
  const auto r = run(sound());
  CHECK_MESSAGE(r.ok(), r.text());
  CHECK(r.checked.size() > 30);
  CHECK(r.skipped.size() == 5);
  CHECK(has(r.text(), "the target isn't durable"));
  CHECK(has(r.text(), "the target has no fail_next_commit"));
}

TEST_CASE("what isn't a store_error, and what isn't a store, is in the report") {
  const auto r = run(over_memory<throws_anything>(), {.only = "commit: a batch becomes"});
  REQUIRE(r.breaches.size() == 1);
  CHECK(has(r.breaches[0].found, "no std::exception"));
  CHECK(r.breaches[0].what == "commit put \"a\"=\"1\", put \"b\"=\"2\", put \"c\"=\"3\"");
  const target null{.name = "null", .open = [] { return nullptr; }, .fresh = [] {}};
  CHECK(has(run(null, {.only = "get: "}).text(), "a null pointer"));
  const target closed{.name = "closed",
                      .open = []() -> std::unique_ptr<stet::store> {
                        throw stet::store_error(errc::store, "closed open", "/x", 0, "no way in");
                      },
                      .fresh = [] {}};
  const auto all = run(closed);
  CHECK(all.breaches.size() == all.checked.size());
  CHECK(has(all.text(), "closed open /x: no way in"));
}

TEST_CASE("a suite that would check nothing is an error") {
  CHECK(error_code(sound(), {.only = "no such clause"}) == errc::usage);
  CHECK(error_code({.name = "x", .open = sound().open, .fresh = {}}, {}) == errc::usage);
  CHECK(error_code({.name = "x", .open = {}, .fresh = [] {}}, {}) == errc::usage);
}

TEST_CASE("a seed gives the same walk again, and another seed another") {
  const auto one = walk_of(1);
  CHECK(one.size() > 1000);
  CHECK((walk_of(1) == one));
  CHECK((walk_of(2) != one));
}

TEST_CASE("STET_SEED is the seed unless options give one") {
  const char* given = std::getenv("STET_SEED");
  const std::string before = given ? given : "";
  ::setenv("STET_SEED", "12345", 1);
  CHECK(run(sound(), {.only = "get: "}).seed == 12345);
  CHECK(run(sound(), {.only = "get: ", .seed = 6}).seed == 6);
  ::unsetenv("STET_SEED");
  CHECK(run(sound(), {.only = "get: "}).seed != run(sound(), {.only = "get: "}).seed);
  if (given) ::setenv("STET_SEED", before.c_str(), 1);
}

TEST_CASE("main_for returns what main should") {
  CHECK(main_for(sound(), {.only = "get: "}) == 0);
  CHECK(main_for(unsound(), {.only = "get: "}) == 1);
  CHECK(main_for(sound(), {.only = "no such clause"}) == 2);
}
