// The listener gets the end of each run, when it is durable.
#include <algorithm>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> Run{"run"};
inline constexpr stet::workflow<int(int)> Parent{"parent"};

/// 0 completes, 1 fails, 2 continues as new twice, 3 sleeps for a day.
stet::task<int> run(stet::context& ctx, int n) {
  if (n == 1) throw stet::permanent_error("one is too few");
  if (n == 2) co_await ctx.continue_as_new(Run, 4);
  if (n == 4) co_await ctx.continue_as_new(Run, 0);
  if (n == 3) co_await ctx.sleep(24h);
  co_return n;
}
void define(stet::engine& e) {
  e.define(Run, run);
  e.define(Parent, [](stet::context& ctx, int n) -> stet::task<int> {
    co_return co_await ctx.child(Run, std::string(ctx.id()) + "/child", n);
  });
}
std::vector<std::string> sorted_ends(world& w) {
  auto all = w.heard.ends();
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

TEST_CASE("each run that ends is reported once, with how it ended and why") {
  everywhere([](world& w) {
    w.open(define);
    auto& e = w.engine();
    e.start(Run, "completes", 0);
    e.start(Run, "fails", 1);
    e.start(Run, "goes on", 2);
    e.start(Run, "cancelled", 3);
    e.start(Run, "terminated", 3);
    e.start(Run, "too long", {.run_timeout = 1h}, 3);
    e.start(Parent, "parent", 0);
    e.start(Run, "open", 3);
    w.settle();
    e.cancel("cancelled", "no need");
    e.terminate("terminated", "at once");
    w.pass(2h);
    w.close();
    CHECK(sorted_ends(w) ==
          std::vector<std::string>{"cancelled: cancelled: no need", "completes: completed",
                                   "fails: failed: one is too few", "goes on: completed",
                                   "parent/child: completed", "parent: completed",
                                   "terminated: terminated: at once",
                                   "too long: timed_out: its time was over"});
    w.reopen();
    w.finish();
    w.close();
    CHECK(w.heard.ends().size() == 9);
    CHECK(w.heard.ends().back() == "open: completed");
  });
}

TEST_CASE("an end that isn't durable isn't reported") {
  world w;
  w.open(define);
  w.plan->fail_next(store_call::commit, fault::refused, faults::for_ever);
  CHECK(what_throws([&] { w.engine().start(Run, "r", 0); }).code == stet::errc::full);
  CHECK(w.heard.ends().empty());
  w.plan->heal();
  w.pass(1min);
  CHECK(w.heard.ends() == std::vector<std::string>{"r: completed"});
}
