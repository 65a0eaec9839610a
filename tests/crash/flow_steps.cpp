// Workflows of steps and sleeps, one after another and side by side.
#include <signal.h>

#include "crash/bodies.hpp"

namespace stet_crash {
namespace {

stet::task<std::string> nothing(stet::context&, int n) { co_return std::to_string(n); }

inline constexpr stet::table<std::string, int> Counted{"counted"};

/// Transactions: each is done exactly once.
stet::task<std::string> counts(stet::context& ctx, int n) {
  const std::string id(ctx.id());
  for (int i = 0; i < n; ++i) {
    co_await ctx.transact("count", [&](stet::transaction& tx) {
      tx.put(Counted, id, tx.get(Counted, id).value_or(0) + 1);
    });
    if (i % 2 == 1) co_await step(ctx, "between " + std::to_string(i), i);
  }
  co_return std::to_string(co_await ctx.transact(
      "look", [&](stet::transaction& tx) { return tx.get(Counted, id).value_or(0); }));
}

stet::task<std::string> chain(stet::context& ctx, int n) {
  int sum = 0;
  for (int i = 1; i <= n; ++i) sum += co_await step(ctx, "s" + std::to_string(i), i);
  co_return std::to_string(sum);
}

/// Gates: an answer that a run got stays the same.
stet::task<std::string> gates(stet::context& ctx, int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) {
    if (ctx.patched("gate " + std::to_string(i)))
      sum += co_await step(ctx, "g" + std::to_string(i), 1);
    sum += 10 * ctx.patched("once");
    co_await ctx.sleep(1ms);
  }
  co_return std::to_string(sum);
}

stet::task<std::string> fan(stet::context& ctx, int n) {
  std::vector<decltype(step(ctx, "", 0))> steps;
  for (int i = 0; i < n; ++i) steps.push_back(step(ctx, "f" + std::to_string(i), i));
  auto values = co_await stet::all(std::move(steps));
  int right = 0;
  for (int i = 0; i < n; ++i) right += values[i] == i;
  co_return std::to_string(right);
}

stet::task<std::string> sleeps(stet::context& ctx, int n) {
  auto began = ctx.now();
  co_await ctx.sleep(3ms);
  auto woke = ctx.now();
  if (woke - began < 3ms) co_return "early";
  int a = co_await step(ctx, "between", n);
  auto until = ctx.now() + 2ms;
  co_await ctx.sleep_until(until);
  if (ctx.now() < until) co_return "early";
  co_await ctx.sleep(-5ms);
  int b = co_await step(ctx, "behind", 1);
  co_return std::to_string(a + b);
}

stet::task<std::string> retries(stet::context& ctx, int n) {
  std::string id(ctx.id());
  int a = co_await step_after(ctx, "flaky*3", 2, n);
  auto never = co_await ctx.try_step(
      "exhausted*2", {.retry = {.max_attempts = 2, .initial_interval = 1ms, .jitter = 0}}, fail, id,
      "exhausted*2");
  auto refused = co_await ctx.try_step("permanent", refuse, id, "permanent");
  if (never || !never.failed_as<stet::step_failed>()) co_return "wrong";
  if (refused || !refused.failed_as<stet::step_failed>()) co_return "wrong";
  co_return std::to_string(a + co_await step(ctx, "last", 1));
}

stet::task<std::string> fails(stet::context& ctx, int) {
  co_await step(ctx, "before", 1);
  std::string id(ctx.id());
  co_await ctx.step("permanent", refuse, id, "permanent");
  co_return "wrong";
}

stet::task<int> deep(stet::context& ctx, int depth) {
  if (depth == 0) co_return co_await step(ctx, "bottom", 1);
  int below = co_await deep(ctx, depth - 1);
  if (depth % 8 == 0) below += co_await step(ctx, "at " + std::to_string(depth), 1);
  co_return below + 1;
}
stet::task<std::string> nested(stet::context& ctx, int depth) {
  co_return std::to_string(co_await deep(ctx, depth));
}

stet::task<int> round(stet::context& ctx, int i) {
  int a = co_await step(ctx, "round", i);
  co_await ctx.sleep(1ms);
  co_return a;
}
stet::task<std::string> loops(stet::context& ctx, int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) {
    sum += co_await round(ctx, i);
    if (i % 2 == 1) {
      auto both = co_await stet::all(round(ctx, 10), step(ctx, "odd", 5));
      sum += std::get<0>(both) + std::get<1>(both);
    }
  }
  co_return std::to_string(sum);
}

stet::task<std::string> once(stet::context& ctx, int n) {
  std::string id(ctx.id());
  auto a = co_await ctx.try_step("once", {.at_most_once = true}, act, id, "once", n);
  std::string told = a ? "done" : a.failed_as<stet::step_interrupted>() ? "interrupted" : "wrong";
  co_await step(ctx, "then", 1);
  co_return told;
}

stet::task<std::string> mapped(stet::context&, int n) {
  std::vector<int> items(n);
  for (int i = 0; i < n; ++i) items[i] = i;
  auto results = co_await stet::map(items, {.concurrency = 2}, [](stet::context& c, int& i) {
    return step_after(c, i % 3 == 0 ? "item*2" : "item", i % 3 == 0 ? 1 : 0, i * i);
  });
  int sum = 0;
  for (int r : results) sum += r;
  co_return std::to_string(sum);
}

stet::task<std::string> beats(stet::context& ctx, int n) {
  auto value = co_await ctx.step("beats*2", {.retry = soon}, [&](stet::step_context& s) {
    effect(s, ctx.id(), "beats*2");
    s.heartbeat(n);
    if (s.progress<int>().value_or(n) != n) return -1;
    if (s.attempt() == 1) throw std::runtime_error("not yet");
    return n;
  });
  co_return std::to_string(value);
}

stet::task<std::string> inlined(stet::context& ctx, int n) {
  std::string id(ctx.id());
  int sum = 0;
  for (int i = 0; i < n; ++i)
    sum += co_await ctx.step("inline", {.run_inline = true}, act, id, "inline", i);
  co_return std::to_string(sum);
}

stet::task<std::string> chance(stet::context& ctx, int) {
  auto drawn = ctx.random();
  auto name = ctx.uuid();
  auto kept = co_await ctx.step("draw", [&](stet::step_context& s) {
    effect(s, ctx.id(), "draw");
    return std::to_string(drawn) + name;
  });
  co_await ctx.sleep(1ms);
  auto again = ctx.uuid();
  auto second = co_await ctx.step("again", [&](stet::step_context& s) {
    effect(s, ctx.id(), "again");
    return again;
  });
  co_return kept == std::to_string(drawn) + name&& second == again&& again != name ? "same"
                                                                                   : "different";
}

stet::task<std::string> poison(stet::context& ctx, int) {
  co_await step(ctx, "before", 1);
  auto fatal = co_await ctx.try_step("poison", [&](stet::step_context& s) {
    effect(s, ctx.id(), "poison");
    ::raise(SIGKILL);
  });
  co_return fatal ? "alive" : fatal.failed_as<stet::step_crashed>() ? "crashed" : "wrong";
}

/// Large results, so that passes of the checkpoint take several blocks.
stet::task<std::string> bulk(stet::context& ctx, int n) {
  std::size_t size = 0;
  for (int i = 0; i < n; ++i) {
    auto text = co_await ctx.step("big", [&](stet::step_context& s) {
      effect(s, ctx.id(), "big");
      return std::string(7000, static_cast<char>('a' + i));
    });
    size += text.size();
  }
  co_return std::to_string(size);
}

}  // namespace

std::vector<flow> step_flows() {
  return {
      {flow_name{"counts"}, counts},   {flow_name{"gates"}, gates},
      {flow_name{"nothing"}, nothing}, {flow_name{"chain"}, chain},
      {flow_name{"fan"}, fan},         {flow_name{"sleeps"}, sleeps},
      {flow_name{"retries"}, retries}, {flow_name{"fails"}, fails},
      {flow_name{"nested"}, nested},   {flow_name{"loops"}, loops},
      {flow_name{"once"}, once},       {flow_name{"mapped"}, mapped},
      {flow_name{"beats"}, beats},     {flow_name{"inlined"}, inlined},
      {flow_name{"chance"}, chance},   {flow_name{"bulk"}, bulk},
      {flow_name{"poison"}, poison},
  };
}

}  // namespace stet_crash
