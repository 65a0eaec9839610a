// The contract of stet::store in code: what every backend, ours or yours, must pass.
//
//   TEST_CASE("my store keeps the contract") {
//     stet_conformance::check({.name = "my store", .open = …, .durable = true, .fresh = …});
//   }
//
// Needs doctest only, and POSIX for the cases that kill. Each subcase is named by the clause of
// include/stet/store.hpp that it checks.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include <stet/store.hpp>

namespace stet_conformance {

/// The store to be checked.
struct target {
  std::string name;
  /// Opens the place chosen by the last `fresh`: the same one each time, after the store was closed
  /// or its process was killed.
  std::function<std::unique_ptr<stet::store>()> open;
  /// What was committed survives the process: adds the cases that kill.
  bool durable = false;
  /// Chooses a new, empty place.
  std::function<void()> fresh;
};

/// Runs every case, as subcases of the test case that calls it.
/// Random cases print their seed; the environment variable STET_SEED gives it back.
void check(const target& t);

// The parts of it.
void check_reads_and_commits(const target& t);
void check_scans(const target& t);
void check_limits(const target& t);
void check_lifetime(const target& t);
void check_threads(const target& t);
void check_random_walk(const target& t);
void check_kills(const target& t);

}  // namespace stet_conformance
