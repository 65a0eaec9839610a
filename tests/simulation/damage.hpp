// One damaged byte in one run of a store: every other run must come to its end.
#pragma once
#include <set>
#include <string>

#include "simulation/dice.hpp"
#include "simulation/sim_disk.hpp"

namespace stet_simulation {

/// The beginning of the ids of all runs that damage in this run may hold up.
std::string family_of(std::string_view id);

/// Flips one bit of a run's snapshot or history. Returns its family, or an empty text if there is
/// no such run.
std::string damage(sim_disk& disk, dice& luck);

}  // namespace stet_simulation
