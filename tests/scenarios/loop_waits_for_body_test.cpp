// A body that the loop waits for, since its handler is being destroyed: calls that it makes, and a
// close meanwhile.
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <stet/memory.hpp>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Number{"number"};
inline constexpr stet::workflow<int(int)> Asks{"asks"};
inline constexpr stet::signal<int> Go{"go"};
inline constexpr stet::update<int(int)> Add{"add"};

bool comes_true(const std::function<bool()>& what) {
  for (int i = 0; i < 60'000 && !what(); ++i) std::this_thread::sleep_for(1ms);
  return what();
}

/// Starts a run whose update handler has a capturing body under way. The body calls `calls` after
/// the run's main coroutine has returned.
void open_awaited(world& w, std::atomic<bool>& began, std::atomic<bool>& goes,
                  const std::function<void()>& calls) {
  w.open([&began, &goes, calls](stet::engine& e) {
    e.define(Number, [&began, &goes, calls](stet::context& ctx) -> stet::task<int> {
      auto adds = ctx.on(Add, [&](stet::context& c, int i) -> stet::task<int> {
        co_return co_await c.step("s", [&, i] {
          began = true;
          while (!goes) std::this_thread::sleep_for(1ms);
          calls();
          return i;
        });
      });
      co_return co_await ctx.receive(Go);
    });
    e.define(Asks, [](stet::context& ctx, int n) -> stet::task<int> {
      co_return n + co_await ctx.receive(Go);
    });
  });
}

}  // namespace

TEST_CASE("a body that the loop waits for may call the engine: nothing hangs") {
  for (std::string how : {"signal", "waits", "reads", "from a thread"}) {
    CAPTURE(how);
    std::atomic<bool> began{false}, goes{false};
    std::atomic<int> refused{0};
    world w({.threads = 4});
    auto call = [&] {
      try {
        if (how == "signal") w.engine().signal("other", Go, 1);
        else if (how == "reads") (void)w.engine().admin().describe("other");
        else if (how == "waits") (void)w.engine().find(Asks, "other")->result();
        else
          std::thread([&] {
            try {
              w.engine().signal("other", Go, 1);
            } catch (const stet::error&) { ++refused; }
          }).join();
      } catch (const stet::error& e) {
        if (e.code() == stet::errc::busy) ++refused;
      }
    };
    open_awaited(w, began, goes, call);
    auto run = w.engine().start(Number, "n");
    auto other = w.engine().start(Asks, "other", 1);
    std::thread updates([&] {
      try {
        (void)run.update(Add, 1);
      } catch (const stet::error&) {}
    });
    REQUIRE(comes_true([&] { return began.load(); }));
    std::thread signals([&] {
      try {
        run.signal(Go, 5);
      } catch (const stet::error&) {}
    });
    std::this_thread::sleep_for(50ms);  // the run ends, and waits for its handler's body
    goes = true;
    CHECK(run.result() == 5);
    signals.join();
    updates.join();
    if (other.status() == stet::status::running) w.engine().signal("other", Go, 1);
    CHECK(other.result() == 2);
    CHECK(w.heard.heard("waits for the body of step 's'") == (refused > 0));
  }
}

TEST_CASE("a close with a limit doesn't wait for a body that the loop waits for, or runs itself") {
  for (bool runs_inline : {false, true}) {
    CAPTURE(runs_inline);
    // The body outlives the close, and refers to these until it ends.
    static std::atomic<int> left{0};
    left = 0;
    auto began = std::make_shared<std::atomic<bool>>(false);
    auto goes = std::make_shared<std::atomic<bool>>(false);
    auto contents = stet::memory::make_contents();
    auto listens = std::make_shared<recorder>();
    auto define = [=](stet::engine& e) {
      e.define(Number, [=](stet::context& ctx) -> stet::task<int> {
        auto hangs = [=] {
          *began = true;
          while (!*goes) std::this_thread::sleep_for(1ms);
          ++left;
          return 1;
        };
        auto adds = ctx.on(Add, [=](stet::context& c, int) -> stet::task<int> {
          co_return co_await c.step("s", hangs);
        });
        if (runs_inline) co_await ctx.step("s", {.run_inline = true}, stet::owning(hangs));
        co_return co_await ctx.receive(Go);
      });
    };
    {
      stet::engine e(stet::memory::open(contents), {.threads = 2, .listener = listens.get()});
      define(e);
      e.start();
      e.start(Number, "n");
      std::thread updates, signals;
      if (!runs_inline) {
        updates = std::thread([&] { (void)what_throws([&] { (void)e.update("n", Add, 1); }); });
        REQUIRE(comes_true([&] { return began->load(); }));
        signals = std::thread([&] { (void)what_throws([&] { e.signal("n", Go, 5); }); });
        REQUIRE(comes_true([&] { return listens->heard("waits for the body"); }));
      } else {
        REQUIRE(comes_true([&] { return began->load(); }));
      }
      CHECK(!e.close(10ms));
      CHECK(left == 0);
      if (updates.joinable()) updates.join();
      if (signals.joinable()) signals.join();
    }
    *goes = true;
    CHECK(comes_true([] { return left == 1; }));
    stet::engine next(stet::memory::open(contents), {.threads = 2, .listener = listens.get()});
    define(next);
    next.start();
    if (next.find(Number, "n")->status() == stet::status::running) next.signal("n", Go, 5);
    CHECK(next.find(Number, "n")->result() == 5);
  }
}
