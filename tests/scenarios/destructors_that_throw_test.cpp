// Destructors that throw. A coroutine whose destruction throws leaks its own frame. That is a fault
// of the compilers, and the leak checker here allows it; everything else in and around it must be
// as clean as ever.
#include <atomic>

#include "tests/support/world.hpp"

using namespace stet_tests;

// The sanitizer calls a function of this name. NOLINTNEXTLINE(bugprone-reserved-identifier)
extern "C" const char* __lsan_default_suppressions() { return "leak:leaks_its_frame"; }

namespace {

inline constexpr stet::workflow<std::string()> Text{"text"};
inline constexpr stet::workflow<std::string(std::string)> Echo{"echo"};

struct grumpy {
  std::atomic<bool>& armed;
  ~grumpy() noexcept(false) {
    if (armed) throw std::runtime_error("a destructor threw");
  }
};

stet::task<> leaks_its_frame(stet::context& ctx, std::atomic<bool>& armed) {
  grumpy g{armed};
  co_await ctx.sleep(1h);
  co_await ctx.step("last", [&] {
    if (ctx.id() != "t") armed = false;
  });
}

}  // namespace

TEST_CASE("a destructor that throws in a workflow fails its run, at most") {
  everywhere([](world& w) {
    std::atomic<bool> armed{true};
    w.open([&](stet::engine& e) {
      e.define(Text, {.accident = stet::accident::fail},
               [&](stet::context& ctx) -> stet::task<std::string> {
                 co_await leaks_its_frame(ctx, armed);
                 co_return "done";
               });
      e.define(Echo, [](stet::context&, std::string s) -> stet::task<std::string> { co_return s; });
    });
    auto run = w.engine().start(Text, "t");
    w.finish();
    auto what = what_throws([&] { run.result(); });
    CHECK(what.code == stet::errc::run_failed);
    CHECK(what.says("a destructor threw"));
    CHECK(w.run(Echo, "e", "still here") == "still here");
  });
}

TEST_CASE(
    "a destructor that throws while its frame is evicted, or its engine closed, is told and "
    "ignored") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.resident = 1, .threads = 4},
                 cell{.lmdb = true, .resident = 0}}) {
    CAPTURE(c.name());
    std::atomic<bool> armed{true};
    world w(c);
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        co_await leaks_its_frame(ctx, armed);
        co_return "done";
      });
    });
    for (auto id : {"a", "b", "c"}) w.engine().start(Text, id);
    w.settle();
    w.close();
    w.reopen();
    for (auto id : {"a", "b", "c"}) CHECK(w.run(Text, id) == "done");
  }
}
