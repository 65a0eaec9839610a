// Runs that begin something in their last drive: a child, a message, a cancel request; chains that
// continue while events of all kinds wait; destructors that use the context.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "simulation/machine.hpp"

namespace stet_simulation {

std::vector<stet_crash::flow> last_flows();

class lasts {
 public:
  lasts(machine& m, std::uint64_t seed, bool is_on) : m_(m), luck_(seed + 8), is_on_(is_on) {}
  /// Whether it is its turn. If so, call act().
  bool wants() { return is_on_ && luck_.one_in(3); }
  void act();
  /// Sends an open run the event that it waits for.
  void feed(const std::string& id);
  /// Whether the id is one of these runs, or of one that they start.
  static bool is_one(std::string_view id);

 private:
  void start();
  void send();
  void cancel(const std::string& id);

  machine& m_;
  dice luck_;
  bool is_on_;
  int number_ = 0;
};

}  // namespace stet_simulation
