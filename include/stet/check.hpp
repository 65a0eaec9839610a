// A check of a whole store, for operators, backups and tests.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <stet/export.hpp>
#include <stet/impl/guesses.hpp>
#include <stet/store.hpp>

namespace stet { inline namespace v0 {

/// The result of check().
struct check_report {
  std::uint64_t runs = 0;       ///< of all states
  std::uint64_t open_runs = 0;  ///< those that haven't ended, stalled ones included
  std::uint64_t stalled_runs = 0;
  std::uint64_t records = 0;  ///< in all histories
  std::uint64_t blocks = 0;   ///< in the journal
  std::uint64_t keys = 0;     ///< in the store
  /// No engine has ever finished its first start on this store: it has nothing, or only the name of
  /// its format. That is no problem; is it the store that was meant?
  bool empty = false;
  /// Each is a sentence that names the run, key or block and says what is wrong with it. At most
  /// 1,000 sentences; problem_count says how many problems there are.
  std::vector<std::string> problems;
  std::uint64_t problem_count = 0;

  bool ok() const noexcept { return problem_count == 0; }
};

/// Reads a whole store and checks what must always hold: the journal has no gap; every checksum is
/// right; the history of each run, folded anew, gives what its snapshot says; every open run has
/// something that will wake it; every parent has its children and every child its parent; every
/// timer, id and chunk belongs to a run, and every run has those that it needs; no number is above
/// the counters; every key is one of Stet's.
///
/// The store belongs to the caller: no engine has it open. It is only read. A stalled run is
/// counted, and is no problem of the store. Memory: the runs named in the journal, and a number for
/// each other run.
///
/// Throws   what the store throws. An entry that can't be read is reported as a problem.
///     auto report = stet::check("lmdb:bank.stet");  // by URL: <stet/open.hpp>
STET_API check_report check(store& s);
template <detail::url_without_open U> check_report check(const U&) {
  detail::refuse_url<U>();
  return {};
}

}}  // namespace stet::v0
