// A program: a small tree of operations, made from a seed. The code that plays it knows the engine
// (player.cpp), the code that judges it doesn't (reference.cpp).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "simulation/dice.hpp"

namespace stet_simulation {

/// An operation has a value if it ends well, which follows its colon below. `id` is its node's
/// number in the program, and `n` its parameter.
enum class op : std::uint8_t {
  sequence,     ///< its kids, one after the other: their sum
  step,         ///< its first n attempts fail: id; if is_once(), a crash may end it
  hopeless,     ///< a step of n attempts, all of which fail
  inline_step,  ///< id
  transact,     ///< writes that it was done: id
  sleep,        ///< n ms: 0
  receive,      ///< a number from outside, within n ms (0: no limit): 0
  child,        ///< program n, and waits for it: its value
  launch,       ///< program n, without a wait; its parent-close policy is id % 3: 0
  all,          ///< kids side by side: their sum
  any,          ///< the first kid to end: its value + 1000 × (its place, from 1)
  timeout,      ///< its kid, within n ms: its value, or 100 × id
  scope,        ///< its kid, in a scope that is cancelled after n ms: its value, or 100 × id
  shield,       ///< its kid: its value
  saga,         ///< its kids, each with an undo; if n, it fails after them
  attempt,      ///< its kid: its value, or 10 × id if that failed
  promise,      ///< asks the world, within n ms (0: no limit): id, or 0
  call,         ///< an entity, key n: 0
  tell,         ///< sends a number to the run r<n>, even if it doesn't exist: 0
};
inline constexpr int ops = 19;
const char* name_of(op o);

struct node {
  op what = op::sequence;
  int id = 0, n = 0;
  std::vector<node> kids;
};
/// A step that may not begin again.
inline bool is_once(const node& n) { return n.what == op::step && n.n == 0 && n.id % 5 == 0; }
struct program {
  node root;
  int generations = 1;    ///< the number of runs, by continue-as-new; the last one's value counts
  bool has_kids = false;  ///< it starts other runs
};

/// `count` programs; a program starts only later ones.
std::vector<program> make_programs(dice& d, int count);
std::string to_text(const node& n);

inline constexpr int boxes = 2;      // entities
inline constexpr int step_ms = 100;  // between two attempts, at first

}  // namespace stet_simulation
