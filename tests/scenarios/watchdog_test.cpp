// The engine reports a workflow whose code doesn't come back.
#include <atomic>
#include <mutex>
#include <thread>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> Spins{"spins"};
inline constexpr stet::workflow<int(int)> Works{"works"};

/// The texts that an engine reported.
class hearing final : public stet::listener {
 public:
  void problem(std::string_view text) noexcept override {
    std::lock_guard lock(mutex_);
    all_ += std::string(text) + "\n";
  }
  bool heard(std::string_view part) {
    std::lock_guard lock(mutex_);
    return all_.find(part) != std::string::npos;
  }

 private:
  std::mutex mutex_;
  std::string all_;
};

}  // namespace

TEST_CASE(
    "a workflow that doesn't yield is named while it still computes, and when it goes on [S149]") {
  hearing ears;
  std::atomic<bool> enough = false;
  stet::engine e(stet::memory::open(), {.threads = 2, .watchdog = 50ms, .listener = &ears});
  e.define(Spins, [&](stet::context& ctx, int) -> stet::task<int> {
    co_await ctx.step("before", [] {});
    while (!enough) std::this_thread::sleep_for(1ms);
    co_return 1;
  });
  e.define(Works, [](stet::context& ctx, int n) -> stet::task<int> {
    co_return co_await ctx.step("works", [n] { return n; });
  });
  e.start();
  auto long_id = std::string(100, 'i');
  auto run = e.start(Spins, long_id, 1);
  while (!ears.heard("has kept the engine for more than 50 ms")) std::this_thread::sleep_for(1ms);
  CHECK(ears.heard("workflow 'spins', run '" + long_id + "'"));
  enough = true;
  CHECK(run.result() == 1);
  while (!ears.heard("goes on, after command 1 (")) std::this_thread::sleep_for(1ms);
  CHECK(!ears.heard("'works'"));
  CHECK(e.start(Works, "w", 2).result() == 2);
  e.close();
  CHECK(!ears.heard("'works'"));
}

TEST_CASE("an engine that rests and works by turns is watched each time") {
  hearing ears;
  stet::engine e(stet::memory::open(), {.threads = 1, .watchdog = 20ms, .listener = &ears});
  std::atomic<bool> enough = true;
  e.define(Spins, [&](stet::context& ctx, int n) -> stet::task<int> {
    co_await ctx.step("before", [] {});  // so that its start is acknowledged
    while (!enough) std::this_thread::sleep_for(1ms);
    co_return n;
  });
  e.start();
  for (int i = 0; i < 5; ++i) {
    CHECK(e.start(Spins, "quick " + std::to_string(i), i).result() == i);
    std::this_thread::sleep_for(60ms);  // the watchdog sleeps, most likely
  }
  CHECK(!ears.heard("kept"));
  enough = false;
  auto run = e.start(Spins, "slow", 7);
  while (!ears.heard("'slow'")) std::this_thread::sleep_for(1ms);
  enough = true;
  CHECK(run.result() == 7);
}

TEST_CASE("in manual mode it is told afterwards; with no time nobody looks") {
  for (auto limit : {30ms, 0ms}) {
    hearing ears;
    stet::engine e(stet::memory::open(), {.threads = 0, .watchdog = limit, .listener = &ears});
    e.define(Spins, [](stet::context&, int n) -> stet::task<int> {
      std::this_thread::sleep_for(40ms);
      co_return n;
    });
    e.start();
    CHECK(e.start(Spins, "s", 1).result() == 1);
    CHECK(ears.heard("run 's', kept the engine for ") == (limit > 0ms));
  }
  CHECK(what_throws([] { stet::engine(stet::memory::open(), {.watchdog = -1ms}); }).code ==
        stet::errc::usage);
}
