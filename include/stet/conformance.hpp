// The contract of stet::store as a program, for authors of a store. Link stet-conformance; needs
// POSIX, and no test framework.
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
/// called from the thread of run(), and in processes forked from that thread.
struct target {
  /// The name of the store in the report.
  std::string name;
  /// Opens the place that the last `fresh` chose. It is the same place each time, also after the
  /// store was closed, or after a process that had it open was killed.
  std::function<std::unique_ptr<store>()> open;
  /// Whether what is committed outlives the process. If so, the clauses that kill processes are
  /// checked as well.
  bool durable = false;
  /// Chooses a new, empty place. No store is open meanwhile.
  std::function<void()> fresh;
  /// Makes the next commit of the open store fail, once: a flush that fails, a disk that is full.
  /// Called several times, each time just before a sync commit of about a hundred bytes; it may
  /// choose another failure each time. If this is empty, the clauses about failed commits are
  /// skipped.
  std::function<void()> fail_next_commit = {};
};

/// Options of run().
struct options {
  /// Checks only the clauses that have this text in their name. Empty means all.
  std::string only = {};
  /// The seed for everything random. Empty means the environment's STET_SEED, or if that isn't set
  /// a new one.
  std::optional<std::uint64_t> seed = {};
  /// Called with each clause before it is checked: if a store hangs or crashes, it does so in the
  /// clause of the last call.
  std::function<void(std::string_view clause)> progress = {};
};

/// A breach: a place where the store differs from the contract.
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

/// The result of run().
struct report {
  std::string name;                       ///< of the target
  std::uint64_t seed = 0;                 ///< options::seed or STET_SEED to get the same again
  std::vector<std::string> checked = {};  ///< every clause that was checked, kept or not, in order
  std::vector<breach> breaches = {};      ///< at most four for each clause; none if all are kept
  std::vector<skip> skipped = {};

  bool ok() const noexcept { return breaches.empty(); }
  /// Returns the whole report for people: several lines, each ended by a line break.
  STET_API std::string text() const;
};

/// Checks every clause of the contract in <stet/store.hpp> that the target allows to check. After a
/// breach the other clauses are checked as well. Power cuts aren't simulated.
///
/// Throws   error with errc::usage if `t` has no open or no fresh, or if no clause has `o.only` in
///          its name; std::bad_alloc. Other exceptions of the store and of the target's functions
///          are in the report.
/// Thread   any, one run at a time. It makes threads of its own, which have ended when it returns.
///          For a durable target no other thread of the program may run meanwhile, since it forks.
/// Cost     seconds: about 1,500 commits, and 30 forked processes if the target is durable.
/// Durable  the places that `t.fresh` chose stay as they are, for a look; the caller removes them.
///     auto report = stet::conformance::run({.name = "mine", .open = …, .fresh = …});
STET_API report run(const target& t, const options& o = {});

/// Is the main() of a whole program: prints each clause before it is checked, and then the result
/// of run(), to standard output.
///
/// Returns  the value for main() to return: 0 if the contract is kept, 1 if it isn't, 2 if run()
///          threw; then the reason is on standard error.
/// Thread   as run().
STET_API int main_for(const target& t, const options& o = {}) noexcept;

}}}  // namespace stet::v0::conformance
