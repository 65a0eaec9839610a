// How many bodies of steps run at once, which go first, and what is reported.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> Many{"many"};
inline constexpr stet::workflow<void(std::string)> Two{"two"};

/// Waits until something holds. The limit is long, so only a fault reaches it.
template <class F> bool comes_true(F holds) {
  auto end = std::chrono::steady_clock::now() + 60s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

std::atomic<bool> hangs{true};

constexpr cell stores[] = {{.threads = 1}, {.lmdb = true, .threads = 1}};

}  // namespace

TEST_CASE("with the options as they are, forty bodies that wait for each other end") {
  for (auto c : stores) {
    world w(c);
    w.options.threads = stet::engine_options{}.threads;
    constexpr int count = 40;
    std::atomic<int> inside{0};
    w.open([&](stet::engine& e) {
      e.define(Many, [&](stet::context&, int n) -> stet::task<int> {
        auto met = co_await stet::map(
            std::vector<int>(static_cast<std::size_t>(n), 1), [&](stet::context& in, int&) {
              return in.step("meet", [&] {
                ++inside;
                return comes_true([&] { return inside >= count; }) ? 1 : 0;
              });
            });
        int sum = 0;
        for (int m : met) sum += m;
        co_return sum;
      });
    });
    CHECK(w.engine().start(Many, "m", count).result() == count);
  }
}

TEST_CASE("a step of a run that began earlier goes before those of later runs") {
  for (auto c : stores) {
    world w(c);
    std::mutex mutex;
    std::string order;
    std::atomic<bool> first_goes_on{false}, second_goes_on{false};
    auto body = [&](const std::string& name) {
      {
        std::lock_guard lock(mutex);
        order += name + " ";
      }
      if (name == "old-1") CHECK(comes_true([&] { return first_goes_on.load(); }));
      if (name == "new-1-1") CHECK(comes_true([&] { return second_goes_on.load(); }));
    };
    w.open([&](stet::engine& e) {
      e.define(Two, [&](stet::context& ctx, std::string name) -> stet::task<void> {
        co_await ctx.step("first", body, name + "-1");
        co_await ctx.step("second", body, name + "-2");
      });
    });
    auto phase_of = [&](const char* id) {
      auto info = w.engine().admin().describe(id);
      return info && !info->waits_for.empty() ? info->waits_for.front().phase
                                              : stet::step_phase::none;
    };
    auto is = [&](const char* id, stet::step_phase p) {
      return comes_true([&] { return phase_of(id) == p; });
    };
    auto oldest = w.engine().start(Two, "old", "old");
    REQUIRE(is("old", stet::step_phase::running));
    std::vector<stet::run_handle<void>> runs;
    for (std::string name : {"new-1", "new-2", "new-3"}) {
      w.clock.advance(1s);
      w.poke();
      runs.push_back(w.engine().start(Two, name, name));
      REQUIRE(is(name.c_str(), stet::step_phase::queued));
    }
    first_goes_on = true;
    REQUIRE(is("new-1", stet::step_phase::running));
    CHECK(comes_true([&] {
      auto info = w.engine().admin().describe("old");
      return info->waits_for.empty() || info->waits_for.front().name == "second";
    }));
    // When this start is acknowledged, the commit of old's second step is durable, too.
    runs.push_back(w.engine().start(Two, "new-4", "new-4"));
    for (int i = 0; i < 3; ++i) w.poke();
    second_goes_on = true;
    oldest.result();
    for (auto& r : runs) r.result();
    CHECK(order.find("old-2") < order.find("new-2-1"));
  }
}

TEST_CASE("when all threads are busy and steps wait, the listener gets the runs that occupy them") {
  for (auto c : stores) {
    std::atomic<bool> goes_on{false};
    world w(c);
    w.open([&](stet::engine& e) {
      e.define(Two, [&](stet::context& ctx, std::string) -> stet::task<void> {
        co_await ctx.step("long", [&] { CHECK(comes_true([&] { return goes_on.load(); })); });
      });
    });
    auto a = w.engine().start(Two, "occupies", "");
    REQUIRE(comes_true([&] {
      auto info = w.engine().admin().describe("occupies");
      return !info->waits_for.empty() && info->waits_for[0].phase == stet::step_phase::running;
    }));
    auto b = w.engine().start(Two, "waits", "");
    CHECK(comes_true([&] { return w.heard.heard("all threads for bodies of steps are busy"); }));
    CHECK(w.heard.heard("1 steps wait for one"));
    CHECK(w.heard.heard("step 'long' of run 'occupies'"));
    goes_on = true;
    a.result();
    b.result();
  }
}

TEST_CASE("a step that waits for its retry is shown as that, though its last body hangs") {
  for (auto c : stores) {
    world w(c);
    hangs = true;
    w.open([](stet::engine& e) {
      e.define(Two, [](stet::context& ctx, std::string) -> stet::task<void> {
        co_await ctx.step("hangs", {.retry = {.initial_interval = 1h, .jitter = 0}, .timeout = 1s},
                          stet::owning([] { CHECK(comes_true([] { return !hangs; })); }));
      });
    });
    auto run = w.engine().start(Two, "a", "");
    auto waits_for = [&] { return w.engine().admin().describe("a").value().waits_for.at(0); };
    REQUIRE(comes_true([&] { return waits_for().phase == stet::step_phase::running; }));
    w.clock.advance(2s);
    CHECK(comes_true([&] { return !waits_for().last_error.empty(); }));
    CHECK(waits_for().phase == stet::step_phase::retrying);  // nothing waits for the body
    CHECK(waits_for().due != stet::time_point{});
    hangs = false;
    w.clock.advance(2h);
    CHECK(comes_true([&] {
      w.poke();
      return run.wait_for(1ms);
    }));
  }
}
