// A run that is suspected of its destructor, and is erased. It needs a process that dies.
#if STET_TESTS_HAVE_LMDB
#include <csignal>
#include <string>

#include <stet/lmdb.hpp>

#include "tests/support/child_process.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Number{"number"};
inline constexpr stet::workflow<int(int)> Asks{"asks"};
inline constexpr stet::signal<int> Go{"go"};

bool is_deadly = false;
struct killer {
  ~killer() {
    if (is_deadly) ::raise(SIGKILL);
  }
};
inline constexpr stet::query<int()> Ask{"ask"};

}  // namespace

TEST_CASE("a run that is suspected of its destructor is erased whole, its frame too") {
  temporary_directory directory;
  auto define = [](stet::engine& e) {
    e.define(Number, [](stet::context& ctx) -> stet::task<int> {
      killer k;
      auto asks = ctx.on(Ask, [] { return 7; });
      co_return co_await ctx.receive(Go);
    });
    e.define(Asks, [](stet::context& ctx, int n) -> stet::task<int> {
      auto asks = ctx.on(Ask, [&] { return n; });
      co_return co_await ctx.receive(Go);
    });
  };
  child_process child([&](int) {
    is_deadly = true;
    recorder quiet;
    stet::engine e(stet::lmdb::open(directory / "store"), {.threads = 2, .listener = &quiet});
    define(e);
    e.start();
    e.start(Number, "n");
    e.terminate("n");
  });
  CHECK(child.wait() != 0);
  recorder heard;
  stet::engine e(stet::lmdb::open(directory / "store"),
                 {.resident_runs_max = 3, .listener = &heard});
  define(e);
  e.start();
  REQUIRE(e.find(Number, "n"));
  CHECK(e.query("n", Ask) == 7);
  CHECK(e.admin().erase("n", {.terminate = true}) == 1);
  for (int i = 0; i < 20; ++i) {
    auto run = e.start(Asks, "a" + std::to_string(i), i);
    CHECK(run.query(Ask) == i);
  }
  CHECK(!heard.heard("the engine stopped"));
}
#endif
