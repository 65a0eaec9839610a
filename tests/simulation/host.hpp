// The program around the engine: starts, signals, updates, cancels and looks at runs. Remembers
// everything that was acknowledged.
#pragma once
#include <map>
#include <set>
#include <string>

#include "simulation/chains.hpp"
#include "simulation/extras.hpp"
#include "simulation/lasts.hpp"
#include "simulation/machine.hpp"
#include "simulation/reference.hpp"
#include "simulation/storms.hpp"

namespace stet_simulation {

class host {
 public:
  host(machine& m, std::uint64_t seed)
      : m_(m),
        extras_(m, seed),
        lasts_(m, seed, m.hard.lasts),
        chains_(m, seed, m.hard.chains),
        storms_(m, seed, m.hard.storms) {}
  /// Does something at random.
  void act();
  /// Brings every run that can end to its end, except for the family of a damaged run.
  void finish(const std::string& damaged = {});
  /// Call it when everything has ended: checks the boxes and erased runs.
  void look_back();

  struct run {
    int program = 0;
    fate met;
    bool acknowledged = false;
    bool again = false;  // its id was used again
    bool chained = false;
    std::set<int> sent;  // the numbers of acknowledged signals
  };
  const std::map<std::string, run>& runs() const { return runs_; }

 private:
  void start();
  void signal();
  void update();
  void resolve();
  void end();
  void look();
  void pass();
  void set_clock();
  void fail();
  bool more_to_do(const std::string& damaged);
  void feed(const std::string& id);
  const std::string* any_run();
  void put(const std::string& key, const std::string& id);

  machine& m_;
  extras extras_;
  lasts lasts_;
  chains chains_;
  storms storms_;
  std::map<std::string, run> runs_;
  std::map<std::string, stet::status> ended_;
  std::map<std::string, int> answers_;                        // of updates, by "run update"
  std::map<std::string, std::pair<std::string, int>> asked_;  // updates: the run, the number
  std::map<std::string, int> puts_;                           // numbers sent to boxes, by key
  int number_ = 0;
};

}  // namespace stet_simulation
