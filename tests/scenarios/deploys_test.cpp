// A deploy that holds up runs says so: to the listener, and in what an operator sees of the runs.
#include <map>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Sleeps{"sleeps"};
inline constexpr stet::workflow<int()> Works{"works"};
inline constexpr stet::signal<> Go{"go"};

/// Hears how many runs a start reports, by kind and workflow.
struct ear final : stet::listener {
  void event(const stet::engine_event& e) override {
    if (e.count > 0)
      counts[std::string(stet::to_text(e.kind)) + " " + std::string(e.workflow)] += e.count;
    if (e.kind == stet::event_kind::run_stalled) ++stalled[std::string(e.workflow)];
  }
  std::map<std::string, std::uint64_t> counts, stalled;
};

auto build(const char* step, bool is_whole = true) {
  return [=](stet::engine& e) {
    e.define(Works, [=](stet::context& ctx) -> stet::task<int> {
      co_await ctx.step(step, [] {});
      co_await ctx.receive(Go);
      co_return 1;
    });
    if (is_whole)
      e.define(Sleeps, [](stet::context& ctx) -> stet::task<int> {
        co_await ctx.sleep(1000h);
        co_return 2;
      });
  };
}

stet::status status_of(world& w, std::string_view id) {
  return w.engine().admin().describe(id).value().status;
}
std::uint64_t stalled_by_filter(world& w) {
  return w.engine().admin().count("ExecutionStatus = 'Stalled'");
}

}  // namespace

TEST_CASE("runs of a workflow that isn't defined are stalled at the start, also those that sleep") {
  for (bool clean : {true, false}) {
    everywhere_by_hand([clean](world& w) {
      auto& heard = w.listen<ear>();
      w.open(build("a"));
      for (auto* id : {"s1", "s2", "s3"}) w.engine().start(Sleeps, id);
      w.settle();
      if (clean) w.close();
      else w.crash();
      w.open(build("a", false));
      CHECK(heard.counts == std::map<std::string, std::uint64_t>{{"workflow_undefined sleeps", 3}});
      w.settle();
      CHECK(heard.stalled["sleeps"] == 3);
      for (auto* id : {"s1", "s2", "s3"}) CHECK(status_of(w, id) == stet::status::stalled);
      CHECK(stalled_by_filter(w) == 3);
      CHECK(w.engine().admin().list("ExecutionStatus = 'Stalled'").runs.size() == 3);
      heard.counts.clear();
      w.close();
      w.open(build("a"));  // rolled back
      CHECK(heard.counts == std::map<std::string, std::uint64_t>{{"runs_stalled sleeps", 3}});
      w.settle();
      CHECK(stalled_by_filter(w) == 0);
      w.pass(1000h);
      CHECK(w.run(Sleeps, "s1") == 2);
    });
  }
}

TEST_CASE("a start reports how many runs an earlier deploy has stalled") {
  everywhere_by_hand([](world& w) {
    auto& heard = w.listen<ear>();
    w.open(build("a"));
    for (auto* id : {"w1", "w2"}) w.engine().start(Works, id);
    w.settle();
    w.close();
    w.open(build("another"));
    for (auto* id : {"w1", "w2"}) w.engine().signal(id, Go);
    w.settle();
    CHECK(heard.stalled["works"] == 2);
    CHECK(stalled_by_filter(w) == 2);
    w.close();
    w.open(build("another"));
    CHECK(heard.counts == std::map<std::string, std::uint64_t>{{"runs_stalled works", 2}});
    w.close();
    w.open(build("a"));
    w.settle();
    CHECK(w.run(Works, "w1") == 1);
    CHECK(stalled_by_filter(w) == 0);
  });
}
