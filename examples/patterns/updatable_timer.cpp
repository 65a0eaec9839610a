// A timer that can be moved while it runs.
//
// Prints:
//   moved to 50 ms from now
//   rang
#include <chrono>
#include <cstdio>
#include <exception>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <string>

using namespace std::chrono_literals;

inline constexpr stet::workflow<std::string(std::int64_t)> Alarm{"alarm"};
inline constexpr stet::update<std::string(int)> Move{"move"};

// Sleeps until a time that may change: after each change the wait begins anew.
stet::task<std::string> alarm(stet::context& ctx, std::int64_t milliseconds) {
  auto due = ctx.now() + stet::duration(milliseconds);
  int moved = 0;
  auto moving = ctx.on(
      Move,
      [](int ms) {
        if (ms < 0) throw std::invalid_argument("that is over");
      },
      [&](int ms) {
        due = ctx.now() + stet::duration(ms);
        ++moved;
        return "moved to " + std::to_string(ms) + " ms from now";
      });
  for (;;) {
    const int seen = moved;
    bool was_moved = co_await ctx.until([&] { return moved != seen; }, due - ctx.now());
    if (!was_moved) co_return std::string("rang");
  }
}

int main(int count, char** arguments) try {
  stet::engine engine(stet::open(count > 1 ? arguments[1] : "memory:"));
  engine.define(Alarm, alarm);
  engine.start();
  auto run = engine.start(Alarm, "tea", stet::duration(24h).count());
  std::puts(run.update(Move, 50).c_str());
  std::puts(run.result().c_str());
} catch (const std::exception& e) {
  std::fprintf(stderr, "updatable_timer: %s\n", e.what());
  return 1;
}
