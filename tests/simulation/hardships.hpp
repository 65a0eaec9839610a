// Hardships that only every fifth seed has, so that the other seeds play as before. Each of those
// has some.
#pragma once
#include <cstdint>

#include "simulation/dice.hpp"

namespace stet_simulation {

struct hardships {
  bool lasts = false;      // runs that begin something in their last drive: lasts.hpp
  bool farewells = false;  // destructors in frames use the context
  bool chains = false;     // chains that outlive the retention of their links: chains.hpp
  bool storms = false;     // runs that never come to rest: storms.hpp
  bool clock = false;      // a clock that is too early at starts, later set right
  bool damage = false;     // at the end, one byte of one run is damaged: damage.hpp
  bool full = false;       // a store that is full in several ways

  static hardships of(std::uint64_t seed) {
    hardships h;
    if (seed % 5 != 2) return h;
    dice d(seed + 6);
    h.lasts = !d.one_in(3);
    h.chains = d.one_in(2);
    h.storms = d.one_in(3);
    h.clock = d.one_in(3);
    h.damage = d.one_in(3);
    h.full = d.one_in(2);
    h.farewells = d.one_in(2);
    return h;
  }
};

}  // namespace stet_simulation
