// Workflows that start children.
#include "crash/bodies.hpp"

namespace stet_crash {
namespace {

constexpr flow_name Chain{"chain"}, Fails{"fails"}, Undone{"undone"}, Tree{"tree"},
    Nothing{"nothing"};

stet::task<std::string> parent(stet::context& ctx, int n) {
  std::string id(ctx.id());
  co_await step(ctx, "first", 1);
  auto sum = co_await ctx.child(Chain, id + "/chain", n);
  auto failed = co_await stet::attempt(ctx.child(Fails, id + "/fails", 0));
  auto taken = co_await stet::attempt(ctx.child(Nothing, id, 0));
  auto quick = co_await ctx.child(Nothing, id + "/nothing", 7);
  bool told = !failed && failed.failed_as<stet::child_failed>();
  bool refused = !taken && taken.failed_as<stet::child_failed>();
  co_return sum + quick + (told && refused ? "" : " wrong");
}

/// Waits long enough for the checkpoint to drop it from memory.
stet::task<std::string> waits(stet::context& ctx, int n) {
  co_await step(ctx, "first", 1);
  auto sum = co_await ctx.child(Chain, std::string(ctx.id()) + "/chain", n);
  co_await step(ctx, "last", 1);
  co_return sum;
}

/// The first run of this id fails, the next one doesn't.
stet::task<std::string> second_try(stet::context& ctx, int n) {
  std::string id(ctx.id());
  if (n == 0) co_await ctx.step("refused", refuse, id, std::string("refused"));
  co_return std::to_string(co_await step(ctx, "done", n));
}

/// The child loses a race: it is cancelled, and cleans up.
stet::task<std::string> abandons(stet::context& ctx, int n) {
  auto first = co_await stet::any(ctx.child(Undone, std::string(ctx.id()) + "/lost", 0),
                                  step(ctx, "quick", n));
  co_await step(ctx, "after", 1);
  co_return first.index() == 1 ? "quick" : "wrong";
}

/// The run and its child are still open when the run is terminated from outside.
stet::task<std::string> adopts(stet::context& ctx, int) {
  co_await step(ctx, "first", 1);
  co_return co_await ctx.child(Undone, std::string(ctx.id()) + "/child", 0);
}

stet::task<std::string> tree(stet::context& ctx, int depth) {
  std::string id(ctx.id());
  if (depth == 0) co_return std::to_string(co_await step(ctx, "leaf", 1));
  auto both = co_await stet::all(ctx.child(Tree, id + "l", depth - 1),
                                 ctx.child(Tree, id + "r", depth - 1));
  co_return std::to_string(std::stoi(std::get<0>(both)) + std::stoi(std::get<1>(both)));
}

}  // namespace

std::vector<flow> child_flows() {
  return {
      {flow_name{"parent"}, parent}, {flow_name{"abandons"}, abandons},
      {flow_name{"adopts"}, adopts}, {flow_name{"tree"}, tree},
      {flow_name{"waits"}, waits},   {flow_name{"second try"}, second_try},
  };
}

}  // namespace stet_crash
