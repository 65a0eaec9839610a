// The outcomes that are allowed: derived from a program, by code that knows nothing of the engine.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulation/program.hpp"

namespace stet_simulation {

/// The possible outcomes of a node or a program.
struct outcomes {
  std::set<int> values;
  bool fails = false;
  bool anything = false;  // too many values to list
};
outcomes outcomes_of(const std::vector<program>& all, const node& n);

/// Whether another run or the host may have cancelled or terminated a run.
struct fate {
  bool cancelled = false, terminated = false;
};
/// How a run may end: texts as text_of (scripts.hpp) makes them.
struct ending {
  std::set<std::string> texts;
  bool any_value = false;
  int program = 0;
  bool allows(const std::string& text) const;
};
/// Adds the runs that may exist if the run `id` plays program `index` and meets this fate: the run
/// itself, and all runs that it starts.
void add_endings(const std::vector<program>& all, int index, const std::string& id, fate f,
                 std::map<std::string, ending>& to);

/// How much a completed run of a program did: between `least` and `most` calls of each box.
struct range {
  int least = 0, most = 0;
};
std::map<int, range> calls_of(const program& p);

}  // namespace stet_simulation
