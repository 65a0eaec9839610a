// Many trials, by some processes: how many, which, and what no failure among so many means.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "faults/trial.hpp"

namespace stet_faults {

/// What a campaign found, or a part of it.
struct tally {
  unsigned trials = 0, hit = 0, violations = 0;  // hit: the fault happened
  std::map<std::string, unsigned> ends;          // how the faulty lives ended

  /// A trial that is over. `flags`: with what it is done once more.
  void take(const trial& t, const std::string& flags);
  void report(const std::string& text);
};

/// Numbers 1 … all, or `most` of them, spread evenly from a beginning that the seed draws.
/// STET_FAULT_BUDGET: "full" for all, or how many; else `most`.
std::vector<long> sample(long all, long most, std::uint64_t salt);
/// How many: for what has no natural end, `full` under STET_FAULT_BUDGET=full.
long how_many(long most, long full);
/// STET_FAULT_SEED, or 1.
std::uint64_t seed();
/// STET_FAULT_ONLY: cells whose name contains it. Empty: all.
bool is_asked_for(const std::string& cell);

/// A part of a campaign that one process does from beginning to end, in a folder of its own.
struct cell {
  std::string name;
  std::function<void(const std::string& folder, tally& t)> work;
};

/// A part of a campaign over one script.
using exploration = void (*)(const std::string& folder, const std::string& name,
                             const std::string& kind, const std::string& script,
                             std::size_t resident, tally& sum);
/// For each store, each of the scripts, and residency 0 and unlimited.
std::vector<cell> cells_of(const std::vector<std::string>& scripts, exploration explore);

/// Does them, two at a time. Prints what they found and the rule of three. Returns the exit code.
int run_campaign(const std::string& name, const std::vector<cell>& cells);

// The campaigns. 77: this machine can't, and why is printed.
int oom();
int syscalls();
int calls();
int kills();
int throws();
int clocks();
int host();
int blocks();
int blocks_control();  // on a disk that hears no flush: 0 if that is noticed

}  // namespace stet_faults
