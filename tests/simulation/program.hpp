// A program: a small tree of operations, made from a seed. What plays it knows the engine
// (player.cpp), what judges it doesn't (reference.cpp).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "simulation/dice.hpp"

namespace stet_simulation {

/// Each has a value when it ends well; `id` is a node's number in its program, `n` what it is
/// given.
enum class op : std::uint8_t {
  sequence,     ///< of its kids: their sum
  step,         ///< its first n attempts fail: id; if is_once(), a crash may end it
  hopeless,     ///< a step of n attempts, all of which fail
  inline_step,  ///< id
  transact,     ///< writes that it was done: id
  sleep,        ///< n ms: 0
  receive,      ///< a number from outside, n ms at the longest (0: for ever): 0
  child,        ///< program n, waited for: its value
  launch,       ///< program n, not waited for; its parent-close policy is id % 3: 0
  all,          ///< kids side by side: their sum
  any,          ///< the first of them: its value + 1000 × (its place, from 1)
  timeout,      ///< its kid, n ms at the longest: its value, or 100 × id
  scope,        ///< its kid, in a scope that is cancelled after n ms: its value, or 100 × id
  shield,       ///< its kid: its value
  saga,         ///< its kids, each with an undo; n: it fails behind them
  attempt,      ///< its kid: its value, or 10 × id if that failed
  promise,      ///< asked of the world, n ms at the longest (0: for ever): id, or 0
  call,         ///< an entity, key n: 0
  tell,         ///< a number to the run r<n>, whether it is there or not: 0
};
inline constexpr int ops = 19;
const char* name_of(op o);

struct node {
  op what = op::sequence;
  int id = 0, n = 0;
  std::vector<node> kids;
};
/// A step that is not to be begun again.
inline bool is_once(const node& n) { return n.what == op::step && n.n == 0 && n.id % 5 == 0; }
struct program {
  node root;
  int generations = 1;    ///< so many runs, by continue-as-new; their last one's value stands
  bool has_kids = false;  ///< it starts other runs
};

/// `count` programs; a program starts only later ones.
std::vector<program> make_programs(dice& d, int count);
std::string to_text(const node& n);

inline constexpr int boxes = 2;      // entities
inline constexpr int step_ms = 100;  // between two attempts, at first

}  // namespace stet_simulation
