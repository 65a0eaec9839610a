// Promises of the guide that no other test covers (tests/promises.md).
#include <stet/entity.hpp>

#include "probe.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Sleeper{"sleeper"};
inline constexpr stet::workflow<int()> Stubborn{"stubborn"};
inline constexpr stet::entity<int> Counter{"counter"};
inline constexpr stet::update<int(int)> Add{"add"};
inline constexpr stet::query<int()> Value{"value"};

}  // namespace

TEST_CASE("runs that sleep are not in memory after a start, and one that wakes is alone there") {
  constexpr int runs = 300;
  for (cell c : {cell{}, cell{.lmdb = true}}) {
    CAPTURE(c.name());
    world w(c);
    w.open([](stet::engine& e) {
      e.define(Sleeper, [](stet::context& ctx) -> stet::task<int> {
        co_await ctx.sleep(ctx.id() == "0" ? 1h : 1000h);
        co_await ctx.sleep(1000h);
        co_return 1;
      });
    });
    for (int i = 0; i < runs; ++i) (void)w.engine().start(Sleeper, std::to_string(i));
    w.settle();
    CHECK(in_memory(w.engine()) == runs);
    w.close();
    w.reopen();
    w.settle();
    CHECK(in_memory(w.engine()) == 0);
    w.pass(2h);
    CHECK(in_memory(w.engine()) == 1);
  }
}

TEST_CASE("a run that returns a value although it was cancelled is completed") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Stubborn, [](stet::context& ctx) -> stet::task<int> {
        try {
          co_await ctx.sleep(1h);
        } catch (const stet::cancelled&) { co_return 7; }
        co_return 1;
      });
    });
    auto run = w.engine().start(Stubborn, "s");
    w.settle();
    run.cancel("enough");
    CHECK(w.result(run) == 7);
    CHECK(run.status() == stet::status::completed);
  });
}

TEST_CASE("a query of an entity that was never called is answered by its default: no run is made") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Counter, stet::on(Add, [](int& c, int n) { return c += n; }),
               stet::on(Value, [](const int& c) { return c; }));
    });
    CHECK(w.engine().call(Counter, "a", Value) == 0);
    CHECK(w.engine().admin().count() == 0);
    CHECK(!w.engine().admin().describe("counter/a"));
    CHECK(w.engine().call(Counter, "a", Add, 5) == 5);
    CHECK(w.engine().call(Counter, "a", Value) == 5);
    CHECK(w.engine().admin().count() == 1);
  });
}
