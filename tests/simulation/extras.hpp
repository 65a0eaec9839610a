// What the programs don't have: runs that begin later or whose time ends, promises that are
// rejected, runs that are erased. Only in every third seed, so that the others stay what they were.
#pragma once
#include <map>
#include <set>
#include <string>

#include "simulation/machine.hpp"

namespace stet_simulation {

class extras {
 public:
  extras(machine& m, std::uint64_t seed) : m_(m), luck_(seed + 5), is_on_(seed % 3 == 0) {}
  /// Whether it is its turn; then act().
  bool wants() { return is_on_ && luck_.one_in(3); }
  void act();
  /// Answers whoever would wait for ever.
  void finish();
  void look_back();
  /// The runs that may be in the store.
  static bool is_one(std::string_view id) { return id.starts_with("x"); }
  static std::vector<std::string> ids();

 private:
  struct run {
    int sleeps = 0, timeout = 0;
    std::int64_t asked = 0;         // when, by a clock that is right
    std::set<std::string> may_end;  // as text_of makes them
    std::string ended;              // as it was seen
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
