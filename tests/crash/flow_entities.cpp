// Entities, called by workflows side by side and from outside.
#include "crash/bodies.hpp"

namespace stet_crash {
namespace {

constexpr flow_name User{"user"};

int put(int& sum, int n) { return sum += n; }
/// While this handler runs, no other handler of the box does.
stet::task<int> work(stet::context& ctx, int& sum, int n) {
  const int before = sum;
  auto done = co_await step(ctx, "work " + std::to_string(n), n);
  co_await ctx.sleep(1ms);
  if (sum != before) throw std::logic_error("two calls of one entity at a time");
  co_return sum += done;
}
int look(const int& sum) { return sum; }

/// Puts 1, 2, … into a box, by both kinds of handler in turn. The sums that it gets back must grow.
stet::task<std::string> user(stet::context& ctx, int count) {
  int last = 0;
  for (int n = 1; n <= count; ++n) {
    int sum = n % 2 ? co_await ctx.call(Box, "b", Put, n) : co_await ctx.call(Box, "b", Work, n);
    if (sum < last + n) co_return "what was put is gone";
    last = sum;
  }
  co_return "ok";
}

/// Two users at once: the box has everything that both put into it, once.
stet::task<std::string> users(stet::context& ctx, int count) {
  std::string id(ctx.id());
  co_await stet::all(ctx.child(User, id + "/1", count), ctx.child(User, id + "/2", count));
  co_return std::to_string(co_await ctx.call(Box, "b", Look));
}

}  // namespace

std::vector<flow> entity_flows() {
  return {{flow_name{"user"}, user}, {flow_name{"users"}, users}};
}
void define_box(stet::engine& e) {
  e.define(Box, stet::on(Put, put), stet::on(Work, work), stet::on(Look, look));
}
std::unique_ptr<stet::detail::definition> box_definition() {
  auto make = [](auto... h) {
    return std::make_unique<stet::detail::entity_definition<int, decltype(h)...>>(Box.as_workflow(),
                                                                                  h...);
  };
  return make(stet::on(Put, put), stet::on(Work, work), stet::on(Look, look));
}

}  // namespace stet_crash
