// One simulation: everything that happens in it is its seed's.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace stet_simulation {

struct report {
  std::vector<std::string> violations;
  std::uint64_t trace_hash = 0, store_hash = 0;
  unsigned operations = 0, runs = 0, crashes = 0, restarts = 0, power_cuts = 0, faults = 0,
           rare = 0;
  std::map<std::string, unsigned> kinds;  // what was done how often
  std::string trace;                      // if asked for
};
report simulate(std::uint64_t seed, bool keep_trace);

/// Switches a fault of hooks.hpp on, or one of the store under it; false: it doesn't exist.
bool seed_fault(const std::string& name);
std::vector<std::string> fault_names();

}  // namespace stet_simulation
