// A machine on which Stet runs. Its disk outlives the engine, which is killed and started again.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "simulation/hardships.hpp"
#include "simulation/player.hpp"
#include "simulation/sim_store.hpp"
#include "simulation/simulation.hpp"
#include "simulation/surroundings.hpp"

namespace stet_simulation {

class machine {
 public:
  machine(std::uint64_t seed, bool keep_trace);
  machine(const machine&) = delete;
  machine& operator=(const machine&) = delete;
  ~machine();

  void start();
  void crash();
  /// Closes the engine, if the disk allows it. Returns false if it became a crash.
  bool close();
  /// Makes the process die at the n-th failpoint from here.
  void crash_at(int failpoint) { crash_at_ = failpoint; }
  /// Calls the engine. If the call fails because the engine or the power has, the machine starts
  /// again. Returns true if the call was done and acknowledged.
  bool ask(const std::string& what, const std::function<void(stet::engine&)>& call);
  /// Ends all faults.
  void heal();
  void note(const std::string& line);
  void violated(std::string text);
  /// Does everything that can be done while no time passes; in a storm only some of it.
  void settle(stet::engine& e);

  const hardships hard;
  dice luck;
  sim_disk disk;
  dice disk_luck;
  sim_clock clock;
  held_bodies bodies;
  report result;
  std::function<void()> looked_at = [] {};  // called when the machine is off, to check its disk
  unsigned crashes_in_a_row = 0;
  bool is_damaged = false;  // one run of the store is damaged
  bool is_stormy = false;   // some runs never come to rest
  stet::engine& engine() { return *engine_; }

 private:
  static void on_failpoint(const char*);
  void count_drive();
  void touched();
  void heard(const std::string& problem);
  void set_clock_at_start();
  static bool on_rarely(const char* what);
  bool try_start();
  void power(bool on);
  void end_life();

  sim_entropy entropy_;
  sim_listener listener_;
  stet::engine_options options_;
  std::unique_ptr<stet::engine> engine_;
  int crash_at_ = 0;
  int drives_ = 0;         // in this call
  unsigned failures_ = 0;  // of the disk, when this life began
  dice clock_luck_;
  int rarely_ = 0;
  dice rare_luck_;
  bool keep_trace_;
  std::uint64_t seed_;
};

}  // namespace stet_simulation
