// A service that doesn't call back is asked again and again. When the history has grown long, the
// run goes on as a new one, with the same id.
//
// Prints:
//   asked 3 times: ready
#include <cstdio>
#include <exception>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <string>

using namespace std::chrono_literals;

inline constexpr stet::workflow<std::string(std::string, int)> Watch{"watch"};

int calls = 0;  // the world outside
std::string look(const std::string&) { return ++calls < 3 ? "baking" : "ready"; }

stet::task<std::string> watch(stet::context& ctx, std::string what, int asked) {
  for (auto pause = 10ms; !ctx.continue_suggested(); pause = std::min(pause * 2, 1000ms)) {
    auto state = co_await ctx.step("look", look, what);
    ++asked;
    if (state == "ready") co_return "asked " + std::to_string(asked) + " times: " + state;
    co_await ctx.sleep(pause);
  }
  co_return co_await ctx.continue_as_new(Watch, what, asked);
}

int main(int count, char** arguments) try {
  stet::engine engine(stet::open(count > 1 ? arguments[1] : "memory:"));
  engine.define(Watch, watch);
  engine.start();
  std::puts(engine.start(Watch, "bread", "bread", 0).result().c_str());
} catch (const std::exception& e) {
  std::fprintf(stderr, "polling: %s\n", e.what());
  return 1;
}
