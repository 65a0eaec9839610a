// Workflows that get and send messages.
#include "crash/bodies.hpp"

namespace stet_crash {
namespace {

constexpr flow_name Goes{"goes on"};

/// Reads `count` numbers, and runs a step for each.
stet::task<std::string> listens(stet::context& ctx, int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) {
    auto n = co_await ctx.receive(Number);
    sum += co_await step(ctx, "heard " + std::to_string(n), n);
  }
  co_return std::to_string(sum);
}

/// Update handlers that run steps side by side, and a query handler next to them.
stet::task<std::string> answers(stet::context& ctx, int) {
  int sum = 0;
  auto telling = ctx.on(Sum, [&] { return sum; });
  auto adding = ctx.on(
      Add,
      [](int n) {
        if (n < 0) throw std::invalid_argument("negative");
      },
      [&](stet::context& c, int n) -> stet::task<int> {
        auto done = co_await step(c, "add " + std::to_string(n), n);
        co_await c.sleep(1ms);
        co_return sum += done;
      });
  co_await ctx.until([&] { return sum >= 6; });
  co_await ctx.handlers_done();
  co_return std::to_string(sum);
}

/// Waits for a promise that is resolved, then for one that times out.
stet::task<std::string> promised(stet::context& ctx, int) {
  auto answer = ctx.promise(Answer);
  auto never = ctx.promise(Answer);
  co_await step(ctx, "ask", 1);
  auto given = co_await answer.wait();
  bool lost = !co_await never.wait(2ms);
  co_await step(ctx, "after", 1);
  co_return std::to_string(given) + (lost ? " lost" : " wrong");
}

/// Sends numbers to a listener, to itself, and to an id without a run.
stet::task<std::string> tells(stet::context& ctx, int count) {
  for (int i = 1; i <= count; ++i) {
    co_await step(ctx, "before " + std::to_string(i), i);
    co_await ctx.signal("listener", Number, i);
  }
  co_await ctx.signal(ctx.id(), Number, 5);
  auto nobody = co_await stet::attempt(ctx.signal("nobody", Number, 5));
  auto own = co_await ctx.receive(Number);
  co_return std::to_string(own) + (nobody ? " wrong" : " nobody");
}

/// Continues as a new run, which gets the unread signals.
stet::task<std::string> goes_on(stet::context& ctx, int n) {
  auto read = co_await ctx.receive(Number);
  co_await step(ctx, "turn " + std::to_string(read), read);
  if (n + read >= 6) co_return std::to_string(n + read);
  co_return co_await ctx.continue_as_new(Goes, n + read);
}

/// A saga that fails after two steps: both are undone.
stet::task<std::string> undoes(stet::context& ctx, int) {
  const std::string id(ctx.id());
  auto done = co_await stet::attempt(ctx.saga([&](stet::saga& s) -> stet::task<int> {
    for (const char* what : {"one", "two"}) {
      auto undo = std::string("undo ") + what;
      co_await s.act(step(ctx, what, 1)).undo(undo, act, id, undo, 1);
    }
    co_return co_await ctx.step("refused", refuse, id, std::string("refused"));
  }));
  co_return done ? "wrong" : "undone";
}

}  // namespace

std::vector<flow> talk_flows() {
  return {
      {flow_name{"listens"}, listens},   {flow_name{"answers"}, answers},
      {flow_name{"promised"}, promised}, {flow_name{"tells"}, tells},
      {flow_name{"goes on"}, goes_on},   {flow_name{"undoes"}, undoes},
  };
}

}  // namespace stet_crash
