// The contract of stet::store as a program: for who writes a store of their own. Link
// stet-conformance; needs POSIX, and no test framework.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <stet/export.hpp>
#include <stet/store.hpp>

namespace stet { inline namespace v0 { namespace conformance {

/// The store to be checked: how it is opened, and what can be asked of it. `open` and `fresh` are
/// called from the thread of run(), and in processes forked from it.
struct target {
  /// As the report calls it.
  std::string name;
  /// Opens the place that the last `fresh` chose: the same one each time, also after the store was
  /// closed, or after the process that had it open was killed.
  std::function<std::unique_ptr<store>()> open;
  /// What is committed outlives the process: adds the clauses that kill processes.
  bool durable = false;
  /// Chooses a new, empty place. Nothing is open meanwhile.
  std::function<void()> fresh;
  /// Makes the next commit of the open store fail, once: a flush that fails, a disk that is full.
  /// Called several times, each time just before a sync commit of about a hundred bytes; it may
  /// choose another failure each time. Empty: the clauses about failed commits are skipped.
  std::function<void()> fail_next_commit = {};
};

/// What run() may be told.
struct options {
  /// Only clauses that have this text in their name. Empty: all.
  std::string only = {};
  /// For what is random. Empty: the environment's STET_SEED, else a new one.
  std::optional<std::uint64_t> seed = {};
  /// Called with each clause before it is checked: the last one called is the one in which a store
  /// hangs or crashes.
  std::function<void(std::string_view clause)> progress = {};
};

/// One thing that isn't as the contract says.
struct breach {
  std::string clause;    ///< as in "erase_range: removes every key k with from <= k < to"
  std::string what;      ///< what was done or looked at
  std::string expected;  ///< what the contract says
  std::string found;     ///< what the store did
};

/// A clause that couldn't be checked.
struct skip {
  std::string clause;
  std::string why;
};

/// What run() found.
struct report {
  std::string name;                       ///< of the target
  std::uint64_t seed = 0;                 ///< options::seed or STET_SEED to get the same again
  std::vector<std::string> checked = {};  ///< every clause that was checked, kept or not, in order
  std::vector<breach> breaches = {};  ///< at most four of each clause; empty: the contract is kept
  std::vector<skip> skipped = {};

  bool ok() const noexcept { return breaches.empty(); }
  /// All of it for people: several lines, the last one ends with a line break.
  STET_API std::string text() const;
};

/// Checks every clause of the contract in <stet/store.hpp> that the target can be asked for. A
/// breach ends nothing: the other clauses are checked as well. Power cuts aren't played.
///
/// Takes    seconds; about 1,500 commits, and 30 forked processes if the target is durable.
/// Throws   error with errc::usage if `t` has no open or no fresh, or if no clause has `o.only` in
///          its name; std::bad_alloc. What the store and the target's functions throw else is in
///          the report.
/// Thread   any, one run at a time. Makes threads of its own, which have ended when it returns. For
///          a durable target no other thread of the program runs meanwhile, since it forks.
/// Durable  the places that `t.fresh` chose stay as they are, for a look; the caller removes them.
///     auto report = stet::conformance::run({.name = "mine", .open = …, .fresh = …});
STET_API report run(const target& t, const options& o = {});

/// A whole program: checks, prints each clause before it is checked, and then what run() found, to
/// standard output.
///
/// Returns  what main() should: 0 if the contract is kept, 1 if it isn't, 2 if run() threw; then
///          why stands on standard error.
/// Throws   nothing.
/// Thread   as run().
STET_API int main_for(const target& t, const options& o = {}) noexcept;

}}}  // namespace stet::v0::conformance
