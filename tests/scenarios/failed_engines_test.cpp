// An engine that has failed, or is closing, drives no more runs, whichever thread turns its loop;
// and no thread that closes it hangs.
#include <atomic>
#include <future>
#include <thread>

#include <stet/check.hpp>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Steps{"steps"};
inline constexpr stet::workflow<int()> Sleeps{"sleeps"};
inline constexpr stet::workflow<int(stet::duration)> Waits{"waits"};

/// A store whose next commit fails with an unknown outcome.
class doubtful final : public stet::forwarding_store {
 public:
  using forwarding_store::forwarding_store;
  void commit(const stet::batch& b, stet::durability d) override {
    forwarding_store::commit(b, d);
    ++commits;
    if (std::exchange(fails_next, false))
      throw stet::store_error(stet::errc::store, "commit", "x", 5, "the disk failed",
                              stet::commit_outcome::unknown);
  }
  int commits = 0;
  bool fails_next = false;
};

}  // namespace

TEST_CASE("a manual engine that has failed says so to whoever drives it, and does nothing more") {
  fake_clock clock;
  recorder heard;
  auto contents = stet::memory::make_contents();
  auto store = std::make_unique<doubtful>(stet::memory::open(contents));
  auto& s = *store;
  int began = 0;
  auto define = [&](stet::engine& e) {
    e.define(Steps, [&](stet::context& ctx) -> stet::task<int> {
      for (int i = 0; i < 5; ++i) {
        co_await ctx.sleep(1s);
        co_await ctx.step("body", [&] { ++began; });
      }
      co_return 2;
    });
  };
  {
    stet::engine e(std::move(store), {.threads = 0, .clock = &clock, .listener = &heard});
    define(e);
    e.start();
    auto run = e.start(Steps, "r");
    e.run_until_idle();
    s.fails_next = true;
    clock.advance(1s);
    CHECK(what_throws([&] { e.run_until_idle(); }).says("the disk failed"));
    const auto commits = s.commits, bodies = began;
    for (int i = 0; i < 10; ++i) {
      clock.advance(1s);
      CHECK(what_throws([&] { e.poll(); }).says("the disk failed"));
      CHECK(what_throws([&] { e.run_until_idle(); }).says("the disk failed"));
      CHECK(what_throws([&] { (void)e.next_wakeup(); }).says("the disk failed"));
      CHECK(what_throws([&] { (void)run.wait_for(1ms); }).says("the disk failed"));
    }
    CHECK(s.commits == commits);
    CHECK(began == bodies);
    CHECK(heard.problems().size() == 1);
    e.close();
    CHECK(s.commits == commits);
  }
  CHECK(stet::check(*stet::memory::open(contents)).ok());
  stet::engine e(stet::memory::open(contents), {.threads = 0, .clock = &clock, .listener = &heard});
  define(e);
  e.start();
  for (int i = 0; i < 10; ++i) {
    clock.advance(1s);
    e.run_until_idle();
  }
  CHECK(e.find(Steps, "r")->result() == 2);
}

TEST_CASE("a manual engine that is being closed is driven no more") {
  recorder heard;
  std::atomic<bool> runs{false}, may_return{false};
  stet::engine e(stet::memory::open(), {.threads = 0, .listener = &heard});
  e.define(Steps, [&](stet::context& ctx) -> stet::task<int> {
    co_return co_await ctx.step("x", [&](stet::step_context& c) {
      runs = true;
      while (!may_return || !c.stop_requested()) std::this_thread::sleep_for(1ms);
      return 1;
    });
  });
  e.start();
  e.start(Steps, "r");
  std::thread drives([&] { (void)what_throws([&] { e.run_until_idle(); }); });
  while (!runs) std::this_thread::yield();
  std::thread closes([&] { e.close(); });
  std::vector<std::future<caught>> polls;
  for (int i = 0; i < 4; ++i)
    polls.push_back(std::async(std::launch::async, [&] {
      std::this_thread::sleep_for(20ms);
      return what_throws([&] { e.poll(); });
    }));
  std::this_thread::sleep_for(50ms);
  may_return = true;
  for (auto& p : polls) CHECK(p.get().code == stet::errc::closed);
  drives.join();
  closes.join();
  CHECK(heard.problems().empty());
}

TEST_CASE("a body that waits for a run through a thread of its own doesn't hold up a close") {
  std::atomic<bool> waits{false};
  stet::engine e(stet::memory::open(), {.threads = 2});
  e.define(Sleeps, [](stet::context& ctx) -> stet::task<int> {
    co_await ctx.sleep(1h);
    co_return 1;
  });
  e.define(Steps, [&](stet::context& ctx) -> stet::task<int> {
    co_return co_await ctx.step(
        "x", stet::owning([&e, &waits] {
          auto run = e.start(Sleeps, "s");
          waits = true;
          return std::async(std::launch::async, [&] { return run.result(); }).get();
        }));
  });
  e.start();
  auto run = e.start(Steps, "r");
  while (!waits) std::this_thread::yield();
  std::this_thread::sleep_for(20ms);
  e.close();  // hung before it was fixed
  CHECK(what_throws([&] { run.result(); }).code == stet::errc::closed);
}

TEST_CASE("the longest length of time there is may be waited for") {
  for (unsigned threads : {0u, 2u}) {
    stet::engine e(stet::memory::open(), {.threads = threads});
    e.define(Waits, [](stet::context& ctx, stet::duration d) -> stet::task<int> {
      co_await ctx.sleep(d);
      co_return 1;
    });
    e.start();
    int number = 0;
    for (auto limit : {stet::duration::max(), stet::duration(std::chrono::hours(24 * 365 * 300))}) {
      auto run = e.start(Waits, std::to_string(++number), 50ms);
      CHECK(run.wait_for(limit));
    }
  }
}

TEST_CASE("a watchdog with an extreme time names nobody who is in time") {
  recorder heard;
  stet::engine e(stet::memory::open(),
                 {.threads = 2, .watchdog = stet::duration::max(), .listener = &heard});
  e.define(Waits, [](stet::context&, stet::duration d) -> stet::task<int> {
    auto end = std::chrono::steady_clock::now() + d;
    while (std::chrono::steady_clock::now() < end) {}
    co_return 1;
  });
  e.start();
  for (int i = 0; i < 20; ++i) e.start(Waits, std::to_string(i), 2ms).result();
  CHECK(heard.problems().empty());
}
