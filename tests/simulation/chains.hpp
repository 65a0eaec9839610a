// Chains and entities in a namespace whose retention is shorter than their lives: references to
// their first runs must stay valid when those are erased.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "simulation/machine.hpp"

namespace stet_simulation {

std::vector<stet_crash::flow> chain_flows();
/// Sets how long that namespace keeps runs that have ended.
void retain_chains(stet::engine& e);

class chains {
 public:
  chains(machine& m, std::uint64_t seed, bool is_on) : m_(m), luck_(seed + 9), is_on_(is_on) {}
  bool wants() { return is_on_ && luck_.one_in(3); }
  void act();
  /// Whether some of these runs are still open. The caller goes on until none is.
  bool is_open(const std::string& damaged);
  /// The runs that are still open, except for the family of a damaged run.
  std::string open(const std::string& damaged);
  void look_back();
  /// Whether the id is one of these runs, or of one that they start: it is erased some time after
  /// its end.
  static bool is_one(std::string_view id);

 private:
  struct asked {
    int value = 0;
    std::int64_t answered = 0;  // true time; 0 if not yet
    int answer = 0;
  };
  /// A chain or an entity that adds up the numbers that it gets.
  struct sum {
    std::map<std::string, asked> updates;
    int least = 0;  // acknowledged
    int most = 0;   // asked for
    int number = 0;
  };
  void start_keeper();
  void start_owner();
  void add(const std::string& to);
  void put();
  void take(sum& s, asked& a, const std::string& what, int told);
  asked* pick(sum& s, std::string& id);

  machine& m_;
  dice luck_;
  bool is_on_;
  int number_ = 0;
  std::map<std::string, sum> sums_;
};

}  // namespace stet_simulation
