// The one workflow that plays programs, and the world that it touches.
#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "crash/facts.hpp"
#include "crash/scripts.hpp"
#include "simulation/program.hpp"

namespace stet_simulation {

inline constexpr stet_crash::flow_name Play{"play"};
inline constexpr stet_crash::flow_name Extra{"extra"};
inline constexpr stet::promise<int> Kept{"kept"};
inline constexpr stet::table<std::string, int> Done{"done"};
inline constexpr stet::update<int(int)> Slow{"slow"};
inline constexpr int answer = 5;  // to every promise

/// What is outside of the engine, and outlives it.
struct outside {
  std::vector<program> programs;
  std::vector<stet_crash::fact> facts;         // effects
  std::set<std::string> tokens;                // of promises
  std::map<std::string, std::string> asked;    // likewise, of extra runs: whose
  std::map<std::string, std::int64_t> begins;  // of an extra run: not earlier
  std::map<std::string, std::set<int>> heard;  // by a run's id: the numbers that it read
  std::vector<std::string> wrong;              // what a workflow saw that may not be
  std::function<void(const std::string&)> note = [](const std::string&) {};
  int life = 0;
  bool is_set = false;          // its clock was, to something else
  bool is_set_back = false;     // its clock was: a sleep of an earlier session may look short
  bool power = true;            // off: nothing that is done counts any more
  std::set<std::string> begun;  // partings whose code has run
  std::set<std::string> never;  // partings that were cancelled before that
  bool has_farewells = false;   // destructors in frames use the context
  bool has_brief = false;       // a namespace that keeps things for a short time: chains.hpp
  std::map<std::string, std::int64_t>
      since;                            // of sleeps: the true time when each was first asked for
  std::function<std::int64_t()> truth;  // what the time is; null: nobody knows
  /// What began while the clock was wrong may end as soon as a right clock is past the time that it
  /// was first due at: whether the machine was off meanwhile nobody can know.
  std::function<bool()> is_right = [] { return true; };
};
/// Of the simulation that goes on.
outside& here();

/// The argument of Play: a program, and how many runs continue it.
constexpr int argument_of(int program, int continued) { return program + 16 * continued; }
std::string child_id(std::string_view parent, int continued, int node);

void define_all(stet::engine& e);

}  // namespace stet_simulation
