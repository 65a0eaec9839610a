// A suite that can't fail proves nothing: for each clause, a store that is wrong on purpose breaks
// it.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "controls.hpp"

using namespace stet_tests;
using stet::conformance::breach;
using stet::conformance::run;

namespace {

std::vector<control> all_controls() {
  std::vector<control> all;
  for (auto some : {commit_controls(), scan_controls(), lifetime_controls(), fault_controls(),
                    process_controls()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

bool names(const stet::conformance::report& r, std::string_view clause) {
  return std::any_of(r.breaches.begin(), r.breaches.end(),
                     [&](const breach& b) { return b.clause == clause; });
}

}  // namespace

TEST_CASE("a store that is wrong on purpose breaks the clause that says so") {
  for (const control& c : all_controls()) {
    CAPTURE(c.how);
    const auto report = run(c.make(), {.only = std::string(c.clause)});
    CAPTURE(report.text());
    REQUIRE(report.checked.size() == 1);
    CHECK(names(report, c.clause));
    CHECK(!report.ok());
    for (const breach& b : report.breaches) {
      CHECK(!b.what.empty());
      CHECK(b.expected != b.found);
    }
  }
}

#if STET_TESTS_HAVE_LMDB
TEST_CASE("no clause is without a store that breaks it") {
  std::set<std::string> broken, clauses;
  for (const control& c : all_controls()) broken.emplace(c.clause);
  (void)run(over_memory<stet::forwarding_store>(),
            {.progress = [&](std::string_view clause) { clauses.emplace(clause); }});
  CHECK(clauses.size() > 30);
  for (const std::string& clause : clauses) {
    CAPTURE(clause);
    CHECK(broken.contains(clause));
  }
  CHECK(broken.size() == clauses.size());
}
#endif

TEST_CASE("the whole suite names what is wrong, and goes on after it") {
  const control c = commit_controls().at(7);
  const auto report = run(c.make());
  CAPTURE(report.text());
  CHECK(names(report, c.clause));
  CHECK(report.checked.size() > 30);
}
