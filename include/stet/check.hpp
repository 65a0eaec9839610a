// Is a store what it should be? For operators, backups and tests.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <stet/export.hpp>
#include <stet/store.hpp>

namespace stet { inline namespace v0 {

/// What check() found.
struct check_report {
  std::uint64_t runs = 0;       ///< in all
  std::uint64_t open_runs = 0;  ///< of these, the ones that go on, stalled ones included
  std::uint64_t stalled_runs = 0;
  std::uint64_t records = 0;  ///< of all histories
  std::uint64_t blocks = 0;   ///< of the journal
  std::uint64_t keys = 0;     ///< in the store
  /// Each a sentence that names the run, key or block and what is wrong with it. At most 1,000;
  /// problem_count says how many there are.
  std::vector<std::string> problems;
  std::uint64_t problem_count = 0;

  bool ok() const noexcept { return problem_count == 0; }
};

/// Reads a whole store and proves what must always hold: the journal has no gap; every checksum is
/// right; the history of each run, folded anew, gives what its snapshot says; every open run has
/// something that will wake it; every parent has its children and every child its parent; there is
/// no timer, id or chunk without its run, and no run without them; no number is above the counters;
/// there is no key that isn't Stet's.
///
/// The store belongs to the caller: no engine has it open. It is only read. A run that is stalled
/// is counted and is no problem of the store's. Memory: the runs named in the journal, and a number
/// for each other one.
///
/// Throws   what the store throws. What it can't read it reports as a problem.
///     auto report = stet::check(*stet::open("lmdb:bank.stet"));
STET_API check_report check(store& s);

}}  // namespace stet::v0
