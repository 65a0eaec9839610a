// Bodies that return late, early or never: which attempt counts, and which calls wait for it.
#include <atomic>
#include <mutex>
#include <thread>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Number{"number"};
inline constexpr stet::workflow<int()> Other{"other"};
inline constexpr stet::query<int(int)> Slow{"slow"};
inline constexpr stet::signal<int> Go{"go"};

/// An executor with a thread for each body. It keeps the first body of step "long" until release().
class queues final : public stet::executor {
 public:
  ~queues() override { (void)queues::stop(); }
  void submit(stet::work* first) noexcept override {
    std::lock_guard lock(mutex_);
    while (first) {
      auto* w = std::exchange(first, first->next);
      w->next = nullptr;
      w->count_time();
      if (w->about().step == "long" && !has_kept.exchange(true)) kept_ = w;
      else threads_.emplace_back([w] { w->run(); });
    }
  }
  /// Returns when the engine has the body back.
  void release() {
    std::unique_lock lock(mutex_);
    auto* w = std::exchange(kept_, nullptr);
    lock.unlock();
    if (w) std::thread([w] { w->run(); }).join();
  }
  stet::work* stop() noexcept override {
    for (auto& t : threads_)
      if (t.joinable()) t.join();
    return std::exchange(kept_, nullptr);
  }
  std::atomic<bool> has_kept{false};

 private:
  std::mutex mutex_;
  stet::work* kept_ = nullptr;
  std::vector<std::thread> threads_;
};

struct tells_its_end {
  std::atomic<bool>& ended;
  int value = 7;
  ~tells_its_end() { ended = true; }
};

void look(world& w, int times = 5) {
  for (int i = 0; i < times; ++i) w.poke();
}

}  // namespace

TEST_CASE("variables that a body refers to stay while it runs, whichever other attempt returns") {
  std::atomic<bool> runs{false}, may_return{false}, is_gone{false};
  queues executor;
  world w({.threads = 2});
  w.options.executor = &executor;
  w.open([&](stet::engine& e) {
    e.define(Number, [&](stet::context& ctx) -> stet::task<int> {
      {
        tells_its_end local{is_gone};
        stet::step_options timed{.retry = {.initial_interval = 10ms, .jitter = 0},
                                 .timeout = 300ms};
        co_await stet::any(ctx.step("long", timed,
                                    [&] {
                                      runs = true;
                                      while (!may_return) std::this_thread::sleep_for(1ms);
                                      return local.value;
                                    }),
                           ctx.sleep(500ms));
      }
      co_return 1;
    });
  });
  auto run = w.engine().start(Number, "1");
  w.until([&] { return executor.has_kept.load(); });
  w.clock.advance(310ms);
  look(w);
  w.clock.advance(20ms);
  w.until([&] { return runs.load(); });  // the second attempt; the first one is revoked
  w.clock.advance(200ms);
  look(w);
  CHECK(!is_gone);
  executor.release();
  look(w);
  CHECK(!is_gone);
  may_return = true;
  CHECK(w.result(run) == 1);
  CHECK(is_gone);
}

TEST_CASE("a body that has returned in time did so, however late the engine looks") {
  std::atomic<int> ran{0}, queries{0};
  std::atomic<bool> may_return{false};
  std::atomic<int> may_answer{0};
  world w({.threads = 2});
  w.options.watchdog = {};
  w.open([&](stet::engine& e) {
    e.define(Other, [&](stet::context& ctx) -> stet::task<int> {
      auto slow = ctx.on(Slow, [&](int n) {
        ++queries;
        while (may_answer < n) std::this_thread::sleep_for(1ms);
        return n;
      });
      co_await ctx.receive(Go);
      co_return 1;
    });
    e.define(Number, [&](stet::context& ctx) -> stet::task<int> {
      co_return co_await ctx.step("pay", {.retry = {.initial_interval = 1ms}, .timeout = 200ms},
                                  stet::owning([&ran, &may_return] {
                                    auto n = ++ran;
                                    while (!may_return) std::this_thread::sleep_for(1ms);
                                    return n;
                                  }));
    });
  });
  auto other = w.engine().start(Other, "o");
  auto run = w.engine().start(Number, "1");
  w.until([&] { return ran == 1; });
  std::vector<std::thread> callers;
  auto ask = [&](int n) {
    callers.emplace_back([&other, n] { (void)other.query(Slow, n); });
    std::this_thread::sleep_for(20ms);
  };
  ask(1);
  while (queries < 1) std::this_thread::yield();
  ask(2);  // one turn takes both; it finds the body returned, and the time late
  callers.emplace_back([&] { w.engine().start(Other, "late", {.run_timeout = 48h}); });
  std::this_thread::sleep_for(20ms);
  may_answer = 1;
  while (queries < 2) std::this_thread::yield();
  may_return = true;
  std::this_thread::sleep_for(50ms);  // it returns in time
  w.clock.advance(300ms);
  may_answer = 2;
  for (auto& t : callers) t.join();
  CHECK(w.result(run) == 1);
  CHECK(ran == 1);
  other.signal(Go, 1);
  w.engine().find(Other, "late")->signal(Go, 1);
}

TEST_CASE("an at_most_once step that never began is tried when its stalled run is resumed") {
  std::atomic<int> began{0};
  std::atomic<bool> is_busy{false}, may_return{false}, is_broken{true};
  world w({.threads = 1});
  w.open([&](stet::engine& e) {
    e.define(Other, [&](stet::context& ctx) -> stet::task<int> {
      co_return co_await ctx.step("busy", [&] {
        is_busy = true;
        while (!may_return) std::this_thread::sleep_for(1ms);
        return 1;
      });
    });
    e.define(Number, [&](stet::context& ctx) -> stet::task<int> {
      auto breaks = [&](stet::context& c) -> stet::task<int> {
        co_await c.receive(Go);
        if (is_broken) throw std::bad_alloc();
        co_return 1;
      };
      auto [paid, rest] = co_await stet::all(
          ctx.step("pay", {.at_most_once = true}, [&] { return ++began; }), breaks(ctx));
      co_return paid;
    });
  });
  auto other = w.engine().start(Other, "o");
  w.until([&] { return is_busy.load(); });
  auto run = w.engine().start(Number, "1");
  look(w);
  run.signal(Go, 1);
  w.until([&] { return run.status() == stet::status::stalled; });
  is_broken = false;
  w.engine().admin().resume("1");
  look(w);
  may_return = true;
  CHECK(w.result(run) == 1);
  CHECK(began == 1);
}

TEST_CASE("a body that goes on after it was asked to stop is named, time-outs or none") {
  for (const char* how : {"race", "terminated", "stalled"}) {
    CAPTURE(how);
    std::atomic<bool> runs{false}, may_return{false};
    std::atomic<bool> is_broken{true};
    world w({.threads = 2});
    w.open([&](stet::engine& e) {
      e.define(Number, [&](stet::context& ctx) -> stet::task<int> {
        auto breaks = [&](stet::context& c) -> stet::task<int> {
          co_await c.receive(Go);
          if (is_broken) throw std::bad_alloc();
          co_return 1;
        };
        int local = 1;
        auto deaf = ctx.step("deaf", [&] {
          runs = true;
          while (!may_return) std::this_thread::sleep_for(1ms);
          return local;
        });
        co_await stet::any(std::move(deaf), ctx.sleep(1h), breaks(ctx));
        co_return 1;
      });
    });
    auto run = w.engine().start(Number, "1");
    w.until([&] { return runs.load(); });
    if (how == std::string("race")) w.clock.advance(1h);
    else if (how == std::string("terminated")) run.terminate("enough");
    else run.signal(Go, 1);
    look(w);
    w.clock.advance(20s);
    look(w);
    auto is_named = [&] {
      for (auto& p : w.heard.problems())
        if (p.find("the body of step 'deaf' goes on 30 s") != std::string::npos) return true;
      return false;
    };
    CHECK(!is_named());
    w.clock.advance(20s);
    look(w);
    CHECK(is_named());
    is_broken = false;
    may_return = true;
  }
}

TEST_CASE("an attempt that would begin after max_elapsed doesn't, though the engine was down") {
  int ran = 0;
  world w;
  w.open([&](stet::engine& e) {
    e.define(Number, [&](stet::context& ctx) -> stet::task<int> {
      auto tried = co_await ctx.try_step(
          "x", {.retry = {.initial_interval = 30min, .jitter = 0, .max_elapsed = 1h}}, [&] {
            if (++ran == 1) throw std::runtime_error("no luck");
            return ran;
          });
      if (tried) co_return *tried;
      CHECK(what_throws([&] { (void)tried.value(); }).says("no luck"));
      co_return -1;
    });
  });
  auto run = w.engine().start(Number, "1");
  w.settle();
  w.close();
  w.clock.advance(240h);
  w.reopen();
  w.settle();
  CHECK(w.engine().find(Number, "1")->result() == -1);
  CHECK(ran == 1);
}
