// Runs many trials in several processes: how many, which ones, and what it means that none of them
// failed.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "faults/trial.hpp"

namespace stet_faults {

/// The results of a campaign or a part of it.
struct tally {
  unsigned trials = 0, hit = 0, violations = 0;  // hit: the fault happened
  std::map<std::string, unsigned> ends;          // how the faulty lives ended

  /// Adds a finished trial. `flags` are the arguments that repeat it.
  void take(const trial& t, const std::string& flags);
  void report(const std::string& text);
};

/// The numbers 1 … all, or `most` of them: spread evenly, from a beginning that the seed draws.
/// STET_FAULT_BUDGET is "full" for all, or a number to use instead of `most`.
std::vector<long> sample(long all, long most, std::uint64_t salt);
/// The number of trials of a fault without a natural limit: `full` if STET_FAULT_BUDGET=full.
long how_many(long most, long full);
/// STET_FAULT_SEED, or 1.
std::uint64_t seed();
/// Whether STET_FAULT_ONLY selects a cell: its name contains that text. If it is empty, all are
/// selected.
bool is_asked_for(const std::string& cell);

/// A part of a campaign that one process does from beginning to end, in a folder of its own.
struct cell {
  std::string name;
  std::function<void(const std::string& folder, tally& t)> work;
};

/// A part of a campaign with one script.
using exploration = void (*)(const std::string& folder, const std::string& name,
                             const std::string& kind, const std::string& script,
                             std::size_t resident, tally& sum);
/// A cell for each store, each of the scripts, and a residency of 0 and without a limit.
std::vector<cell> cells_of(const std::vector<std::string>& scripts, exploration explore);

/// Runs the cells, two at a time. Prints the results and the rule of three. Returns the exit code.
int run_campaign(const std::string& name, const std::vector<cell>& cells);

// The campaigns. Each returns its exit code: 77, with a printed reason, if this machine can't run
// it.
int oom();
int syscalls();
int calls();
int kills();
int throws();
int clocks();
int host();
int blocks();
int blocks_control();  // the disk ignores flushes; returns 0 if the checks notice it

}  // namespace stet_faults
