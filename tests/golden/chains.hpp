// The second set of golden stores: chains with a retention, a clock that was set, and durations
// that count from a moment later than their event. As with workflows.hpp: add, don't change.
#pragma once
#include <stdexcept>
#include <string>

#include <stet/stet.hpp>
#include <stet/test_doubles.hpp>

namespace stet_golden {

using namespace std::chrono_literals;

inline constexpr stet::workflow<int(int)> Sum{"sum"};
inline constexpr stet::workflow<int()> Slow{"slow"};
inline constexpr stet::workflow<int()> Stubborn{"stubborn"};
inline constexpr stet::workflow<int()> Sleeper{"sleeper"};
inline constexpr stet::workflow<std::string()> Asks{"asks"};
inline constexpr stet::signal<int> Term{"term"};
inline constexpr stet::update<int(int)> Pay{"pay"};
inline constexpr stet::promise<std::string> Answer{"answer"};
inline constexpr stet::duration kept = 1h;

/// The state of the outside world, as in workflows.hpp. If `clock` is set, workflow code takes
/// time.
struct second_outside {
  bool is_open = false;
  stet::testing::virtual_clock* clock = nullptr;
};

inline void define_chains(stet::engine& e, const second_outside& o) {
  // A sum that continues as a new run at each 0, and returns at -1.
  e.define(Sum, [](stet::context& ctx, int sum) -> stet::task<int> {
    auto paying = ctx.on(Pay, [&sum](int n) { return sum += n; });
    while (auto n = co_await ctx.receive(Term)) {
      if (n < 0) co_return sum;
      sum += n;
    }
    co_return co_await ctx.continue_as_new(Sum, sum);
  });
  e.define(Slow, [&o](stet::context& ctx) -> stet::task<int> {
    if (o.clock) o.clock->advance(5min);
    co_await ctx.sleep(2h);
    co_return 2;
  });
  e.define(Stubborn, [&o](stet::context& ctx) -> stet::task<int> {
    co_return co_await ctx.step(
        "try", {.retry = {.initial_interval = 20min, .backoff = 1, .jitter = 0}}, [&o] {
          if (!o.is_open) throw std::runtime_error("not yet");
          return 3;
        });
  });
  e.define(Sleeper, [](stet::context& ctx) -> stet::task<int> {
    co_await ctx.sleep(4h);
    co_return 4;
  });
  e.define(Asks, [](stet::context& ctx) -> stet::task<std::string> {
    auto answer = ctx.promise(Answer);
    ctx.set_details(answer.token());
    co_return (co_await answer.wait(24h)).value_or("nobody");
  });
}

}  // namespace stet_golden
