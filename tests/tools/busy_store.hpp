// A store with everything that an engine writes: runs that go on, sleep, wait for children, have
// ended or are stalled, with and without snapshots.
#pragma once
#include "tests/support/tables.hpp"
#include "tests/support/world.hpp"

namespace stet_tests {

inline constexpr stet::workflow<int(int)> Steps{"steps"};
inline constexpr stet::workflow<int(int)> Parent{"parent"};

inline void define_busy(stet::engine& e, effects& done) {
  e.define(Steps, [&done](stet::context& ctx, int n) -> stet::task<int> {
    for (int i = 0; i < n; ++i) {
      co_await ctx.step("work", [&done, id = std::string(ctx.id()), i] {
        done.hit(id + "." + std::to_string(i));
      });
      co_await ctx.sleep(1h);
    }
    if (n == 3) throw stet::permanent_error("three is too many");
    co_return n;
  });
  e.define(Parent, [](stet::context& ctx, int n) -> stet::task<int> {
    std::string id(ctx.id());
    auto parts = co_await stet::all(ctx.child(Steps, id + "/a", n), ctx.child(Steps, id + "/b", n));
    co_return std::get<0>(parts) + std::get<1>(parts);
  });
}

inline void start_busy(stet::engine& e) {
  for (int n = 0; n < 6; ++n) {
    e.start(Steps, "steps-" + std::to_string(n), n);
    e.start(Parent, "parent-" + std::to_string(n), n == 3 ? 2 : n);
  }
  e.start(Steps, std::string("odd\0id\xff", 7), 2);
}

/// Fills a world: some of its runs have ended, others sleep.
inline void make_busy(world& w, bool checkpointed) {
  if (checkpointed) w.options.tail_bytes_max = 8192;  // checkpoints all the time
  w.open([&w](stet::engine& e) { define_busy(e, w.done); });
  start_busy(w.engine());
  w.settle();
  w.pass(1h);
  w.pass(1h);
}

}  // namespace stet_tests
