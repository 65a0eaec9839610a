// A run with a step whose attempt waits in the gate.
#pragma once
#include "parts.hpp"

namespace stet_tests {

inline stet::task<int> one_plain_step(stet::context& ctx) {
  co_return co_await ctx.step(
      "s", {.retry = {.initial_interval = stet::duration(100), .jitter = 0}}, [] { return 1; });
}
inline stet::task<int> one_capturing_step(stet::context& ctx) {
  int n = 1;
  co_return co_await ctx.step("s", [&n] { return ++n; });
}
inline stet::task<int> one_pending_step(stet::context& ctx) {
  co_return co_await ctx.step("s", [](stet::completion<int>) {});
}

struct stepping {
  explicit stepping(stet::task<int> (*body)(stet::context&) = &one_plain_step,
                    stet::engine_options o = {})
      : p(stet::memory::open(), std::move(o)) {
    p.define("steps", body);
    r = p.start("a", "steps");
    REQUIRE(p->drive.frames.ensure_frame(*r));
    p->drive.driver.drive_what_is_there(*r);
    REQUIRE(r->attempts.size() == 1);
  }
  attempt& a() { return *r->attempts.front(); }
  pending& step() { return *r->state.find(command_number(1)); }
  parts p;
  run_lease r;
};

}  // namespace stet_tests
