// A door with a counter, as an entity: calls are done one at a time, in their order.
//
// Prints:
//   1 inside
//   2 inside
//   refused: the house is full
//   ann left, 1 inside
#include <cstdio>
#include <exception>
#include <set>
#include <stdexcept>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <string>

using house = std::set<std::string>;  // the state: who is inside
inline constexpr stet::entity<house> House{"house"};
inline constexpr stet::update<int(std::string)> Enter{"enter"};
inline constexpr stet::update<int(std::string)> Leave{"leave"};
inline constexpr stet::workflow<int(std::string)> Visit{"visit"};

void has_room(const house& h, const std::string&) {
  if (h.size() >= 2) throw std::runtime_error("the house is full");
}
int enter(house& h, const std::string& who) {
  h.insert(who);
  return static_cast<int>(h.size());
}
int leave(house& h, const std::string& who) {
  h.erase(who);
  return static_cast<int>(h.size());
}

// A workflow calls it as well: the call and its answer are a part of its history.
stet::task<int> visit(stet::context& ctx, std::string who) {
  co_return co_await ctx.call(House, "mill lane 4", Enter, who);
}

int main(int count, char** arguments) try {
  stet::engine engine(stet::open(count > 1 ? arguments[1] : "memory:"));
  engine.define(House, stet::on(Enter, has_room, enter), stet::on(Leave, leave));
  engine.define(Visit, visit);
  engine.start();
  std::printf("%d inside\n", engine.call(House, "mill lane 4", Enter, "ann"));
  std::printf("%d inside\n", engine.start(Visit, "bob's", "bob").result());
  try {
    engine.call(House, "mill lane 4", Enter, "carl");
  } catch (const stet::error& e) { std::printf("refused: %s\n", e.what()); }
  int left = engine.call(House, "mill lane 4", Leave, "ann");
  std::printf("ann left, %d inside\n", left);
} catch (const std::exception& e) {
  std::fprintf(stderr, "entity: %s\n", e.what());
  return 1;
}
