// Workflows that race, give up, time out, are cancelled and clean up.
#include "crash/bodies.hpp"

namespace stet_crash {
namespace {

stet::task<std::string> race_steps(stet::context& ctx, int n) {
  auto first =
      co_await stet::any(step(ctx, "left", n), ctx.step("right", [&](stet::step_context& s) {
        effect(s, ctx.id(), "right");
        return linger(s, n);
      }));
  co_await step(ctx, "after", 1);
  co_return first.index() == 0 ? "left" : "right";
}

/// The body that loses refers to the frame, so the race waits until it has returned.
stet::task<std::string> race_sleep(stet::context& ctx, int n) {
  auto first = co_await stet::any(ctx.step("slow",
                                           [&](stet::step_context& s) {
                                             effect(s, ctx.id(), "slow");
                                             return linger(s, n);
                                           }),
                                  ctx.sleep(1ms));
  int after = co_await step(ctx, "after", 1);
  co_return (first.index() == 0 ? "step " : "sleep ") + std::to_string(after);
}

stet::task<int> patient(stet::context& ctx, int n) {
  bool given_up = false;
  int a = co_await step(ctx, "patient", n);
  try {
    co_await ctx.sleep(1h);
  } catch (const stet::cancelled&) { given_up = true; }
  if (given_up) co_await stet::shield(step(ctx, "clean up", 1));
  co_return a;
}
stet::task<std::string> race_tasks(stet::context& ctx, int n) {
  std::vector<stet::task<int>> runners;
  for (int i = 0; i < n; ++i) runners.push_back(patient(ctx, i));
  auto first = co_await stet::any(stet::any(std::move(runners)), ctx.sleep(4ms));
  co_await step(ctx, "after", 1);
  co_return first.index() == 1 ? "sleep" : "wrong";
}

stet::task<std::string> timeouts(stet::context& ctx, int n) {
  bool slept = co_await stet::with_timeout(2ms, ctx.sleep(1h));
  auto done = co_await stet::with_timeout(1h, step(ctx, "quick", n));
  auto late = co_await stet::with_timeout(3ms, patient(ctx, 1));
  co_return std::to_string(slept) + std::to_string(done.value_or(-1)) +
      (late ? std::string("on time") : std::string("late"));
}

stet::task<std::string> step_time(stet::context& ctx, int n) {
  auto slow = co_await ctx.try_step("slow", {.retry = {.max_attempts = 1}, .timeout = 3ms},
                                    [&](stet::step_context& s) {
                                      effect(s, ctx.id(), "slow");
                                      return linger(s, n);
                                    });
  co_await step(ctx, "after", 1);
  co_return slow ? "value" : slow.failed_as<stet::step_timed_out>() ? "timed out" : "wrong";
}

stet::task<void> clean(stet::context& ctx) {
  co_await step(ctx, "undo 2", 2);
  co_await ctx.sleep(1ms);
  co_await step(ctx, "undo 1", 1);
}
/// Is cancelled from outside. Cleans up durably, then ends as cancelled or, if n = 1, with a value.
stet::task<std::string> undone(stet::context& ctx, int n) {
  std::string reason;
  try {
    co_await step(ctx, "do", n);
    co_await stet::all(ctx.sleep(1h), step(ctx, "beside", 1));
  } catch (const stet::cancelled& c) { reason = c.reason(); }
  co_await stet::shield(clean(ctx));
  if (n == 1) co_return "undone: " + reason;
  throw stet::cancelled(reason);
}

stet::task<std::string> scoped(stet::context& ctx, int n) {
  bool whole = co_await stet::with_scope([&](stet::scope& part) -> stet::task<void> {
    co_await step(ctx, "inside", n);
    auto both = stet::all(ctx.sleep(1h), [&](stet::context& c) -> stet::task<int> {
      int v = co_await step(c, "stop", 1);
      part.cancel("enough");
      co_return v;
    });
    co_await std::move(both);
  });
  co_await step(ctx, "outside", 1);
  co_return whole ? "whole" : "cut";
}

stet::task<std::string> first_success(stet::context& ctx, int n) {
  std::string id(ctx.id());
  auto won = co_await stet::first_success(ctx.step("hopeless", refuse, id, "hopeless"),
                                          step_after(ctx, "good*2", 1, n));
  co_return std::to_string(won.index());
}

/// One operation of an `all` fails, so the others are given up.
stet::task<std::string> all_fails(stet::context& ctx, int n) {
  std::string id(ctx.id());
  auto a = co_await stet::attempt(
      stet::all(patient(ctx, n), ctx.step("bad", refuse, id, "bad"), ctx.sleep(1h)));
  co_await step(ctx, "after", 1);
  co_return a ? "wrong" : "failed";
}

/// Is still open when its script ends.
stet::task<std::string> sleeper(stet::context& ctx, int) {
  co_await step(ctx, "before", 1);
  co_await ctx.sleep(1h);
  co_return "woke";
}

}  // namespace

std::vector<flow> race_flows() {
  return {
      {flow_name{"race steps"}, race_steps},
      {flow_name{"race sleep"}, race_sleep},
      {flow_name{"race tasks"}, race_tasks},
      {flow_name{"timeouts"}, timeouts},
      {flow_name{"step time"}, step_time},
      {flow_name{"undone"}, undone},
      {flow_name{"scoped"}, scoped},
      {flow_name{"all fails"}, all_fails},
      {flow_name{"first success"}, first_success},
      {flow_name{"sleeper"}, sleeper},
  };
}

}  // namespace stet_crash
