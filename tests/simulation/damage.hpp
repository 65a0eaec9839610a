// One damaged byte in one run of a store: every other run must come to its end.
#pragma once
#include <set>
#include <string>

#include "simulation/dice.hpp"
#include "simulation/sim_disk.hpp"

namespace stet_simulation {

/// Whose runs a damaged byte may hold up: those whose id begins so.
std::string family_of(std::string_view id);

/// Turns one bit of a run's snapshot or history. Returns its family; empty: there is no such run.
std::string damage(sim_disk& disk, dice& luck);

}  // namespace stet_simulation
