// One simulation: its seed decides everything that happens in it.
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
  std::map<std::string, unsigned> kinds;  // how often each operation was done
  std::string trace;                      // if asked for
};
report simulate(std::uint64_t seed, bool keep_trace);

/// Switches on a fault of hooks.hpp, or one of the store below. Returns false if there is no such
/// fault.
bool seed_fault(const std::string& name);
std::vector<std::string> fault_names();

}  // namespace stet_simulation
