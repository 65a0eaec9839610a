// erase_options::children erases the runs that a run started, and no others.
#include <stet/check.hpp>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> Loop{"loop"};
inline constexpr stet::workflow<int()> Parent{"parent"};
inline constexpr stet::workflow<int()> Waits{"waits"};
inline constexpr stet::signal<void> Go{"go"};

void define_all(stet::engine& e) {
  e.define(Loop, [](stet::context& ctx, int n) -> stet::task<int> {
    co_await ctx.sleep(1min);
    if (n > 0) co_return co_await ctx.continue_as_new(Loop, n - 1);
    co_return 7;
  });
  e.define(Parent, [](stet::context& ctx) -> stet::task<int> {
    auto taken = co_await stet::attempt(ctx.child(Waits, "mine"));
    co_return co_await ctx.child(Loop, "c", 2);
  });
  e.define(Waits, [](stet::context& ctx) -> stet::task<int> {
    co_await ctx.receive(Go);
    co_return 1;
  });
}

}  // namespace

TEST_CASE("erasing a run with its children leaves runs that others started under a child's id") {
  everywhere([](world& w) {
    w.open(define_all);
    auto& e = w.engine();
    (void)e.start(Waits, "mine");  // before the parent uses the id
    CHECK(w.run(Parent, "p") == 7);
    auto later = e.start(Waits, "c", {.reuse = stet::id_reuse::allow});
    CHECK(later.created());
    w.restart();
    auto erased = w.engine().admin().erase("p", {.children = true, .terminate = true});
    CHECK(erased == 4);  // the parent, and the child's three runs
    CHECK_FALSE(w.engine().admin().describe("p"));
    for (const char* id : {"c", "mine"}) {
      auto info = w.engine().admin().describe(id);
      REQUIRE(info);
      CHECK(info->status == stet::status::running);
      CHECK(info->workflow == "waits");
    }
    CHECK(w.engine().admin().count("WorkflowType = 'loop'") == 0);
    w.close();
    auto report = stet::check(*w.store());
    CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
  });
}
