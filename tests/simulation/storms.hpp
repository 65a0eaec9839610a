// Runs that never come to rest by themselves: two that signal each other, one that signals itself,
// one that continues as new without a wait. Others must go on next to them, and a close must end.
#pragma once
#include <string_view>
#include <vector>

#include "simulation/machine.hpp"

namespace stet_simulation {

std::vector<stet_crash::flow> storm_flows();

class storms {
 public:
  storms(machine& m, std::uint64_t seed, bool is_on) : m_(m), luck_(seed + 10), is_on_(is_on) {}
  bool wants() { return is_on_ && luck_.one_in(4); }
  void act();
  /// Ends them, so that other runs can come to rest.
  void end();
  static bool is_one(std::string_view id) { return id.starts_with("w"); }

 private:
  void begin();
  void look();

  machine& m_;
  dice luck_;
  bool is_on_;
  int number_ = 0;
};

}  // namespace stet_simulation
