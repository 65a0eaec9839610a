// Features that the programs lack: delayed starts, time-outs of runs, rejected promises, erased
// runs. Only every third seed has them, so that the other seeds play as before.
#pragma once
#include <map>
#include <set>
#include <string>

#include "simulation/machine.hpp"

namespace stet_simulation {

class extras {
 public:
  extras(machine& m, std::uint64_t seed) : m_(m), luck_(seed + 5), is_on_(seed % 3 == 0) {}
  /// Whether it is its turn. If so, call act().
  bool wants() { return is_on_ && luck_.one_in(3); }
  void act();
  /// Answers runs that would otherwise wait for ever.
  void finish();
  void look_back();
  /// Whether an id is one of those runs.
  static bool is_one(std::string_view id) { return id.starts_with("x"); }
  static std::vector<std::string> ids();

 private:
  struct run {
    int sleeps = 0, timeout = 0;
    std::int64_t asked = 0;         // when, by a clock that is right
    std::set<std::string> may_end;  // as text_of makes them
    std::string ended;              // how its end was first seen
    bool is_acknowledged = false, may_be_gone = false;
  };
  void start(const std::string& id);
  void answer_promise();
  void erase(const std::string& id);
  void look(const std::string& id);
  void answer(const std::string& token, bool rejects);

  machine& m_;
  dice luck_;
  bool is_on_;
  std::map<std::string, run> runs_;
};

}  // namespace stet_simulation
