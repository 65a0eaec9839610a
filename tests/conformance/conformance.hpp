// The contract of a store (<stet/conformance.hpp>) as a check of doctest:
//
//   TEST_CASE("my store keeps the contract of a store") {
//     stet_conformance::check({.name = "mine", .open = …, .durable = true, .fresh = …});
//   }
#pragma once
#include <doctest/doctest.h>

#include <stet/conformance.hpp>

namespace stet_conformance {

using stet::conformance::target;

/// Checks every clause; a clause that doesn't hold is the text of the failure.
inline stet::conformance::report check(const target& t) {
  auto report = stet::conformance::run(t);
  MESSAGE(t.name, ": STET_SEED=", report.seed);
  CHECK_MESSAGE(report.ok(), report.text());
  return report;
}

}  // namespace stet_conformance
