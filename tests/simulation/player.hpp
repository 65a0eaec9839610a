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

/// The world outside of the engine, which outlives it.
struct outside {
  std::vector<program> programs;
  std::vector<stet_crash::fact> facts;         // effects
  std::set<std::string> tokens;                // of promises
  std::map<std::string, std::string> asked;    // tokens of extra runs' promises, with the run
  std::map<std::string, std::int64_t> begins;  // the earliest start of an extra run
  std::map<std::string, std::set<int>> heard;  // by a run's id: the numbers that it read
  std::vector<std::string> wrong;              // violations that a workflow saw
  std::function<void(const std::string&)> note = [](const std::string&) {};
  int life = 0;
  bool is_set = false;          // its clock was set to another time
  bool is_set_back = false;     // its clock was set back: an earlier sleep may look short
  bool power = true;            // if off, nothing that is done counts any more
  std::set<std::string> begun;  // partings whose code has run
  std::set<std::string> never;  // partings that were cancelled before that
  bool has_farewells = false;   // destructors in frames use the context
  bool has_brief = false;       // there is a namespace with a short retention: chains.hpp
  std::map<std::string, std::int64_t>
      since;                            // of sleeps: the true time when each was first asked for
  std::function<std::int64_t()> truth;  // the true time; null if it is unknown
  /// Whether the clock is right. A sleep that began while the clock was wrong may end as soon as a
  /// right clock is past the time at which it was first due: whether the machine was off meanwhile
  /// is unknowable.
  std::function<bool()> is_right = [] { return true; };
};
/// The outside world of the current simulation.
outside& here();

/// The argument of Play: a program, and how many runs continue it.
constexpr int argument_of(int program, int continued) { return program + 16 * continued; }
std::string child_id(std::string_view parent, int continued, int node);

void define_all(stet::engine& e);

}  // namespace stet_simulation
