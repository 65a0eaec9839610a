// Suspects that hang must not make others hang, and a run whose destructors kill the process is
// found as well.
#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/child_process.hpp"
#include "tests/support/world.hpp"

#if STET_TESTS_HAVE_LMDB
#include <stet/lmdb.hpp>

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Hangs{"hangs"};
inline constexpr stet::workflow<int()> Innocent{"innocent"};
inline constexpr stet::workflow<int()> Deadly{"deadly"};

constexpr int patience_ms = 120'000;

/// One life of a process, which is killed at its end. Returns its report, or an empty text if it
/// was silent for too long.
std::string live(const temporary_directory& directory, std::size_t resident_runs,
                 const std::function<void(stet::engine&)>& define,
                 const std::function<void(stet::engine&, int pipe)>& act) {
  child_process child([&](int pipe) {
    recorder quiet;
    stet::engine e(stet::lmdb::open(directory / "store"),
                   {.threads = 8, .resident_runs_max = resident_runs, .listener = &quiet});
    define(e);
    e.start();
    act(e, pipe);
    ::pause();  // no clean close
  });
  auto told = child.hear(patience_ms);
  child.kill();
  return told;
}

}  // namespace

TEST_CASE("a suspect that hangs until its time is up lets the next one have its turn") {
  temporary_directory directory;
  for (int life = 1; life <= 3; ++life) {
    std::atomic<int> began{0};
    auto define = [&](stet::engine& e) {
      e.define(Hangs, [&](stet::context& ctx) -> stet::task<int> {
        co_return co_await ctx.step("hangs", {.retry = {.max_attempts = 1}, .timeout = 500ms},
                                    stet::owning([&began] {
                                      ++began;
                                      std::this_thread::sleep_for(1h);
                                      return 1;
                                    }));
      });
      e.define(Innocent, [&](stet::context& ctx) -> stet::task<int> {
        co_return co_await ctx.step("innocent", stet::owning([&began, life] {
                                      ++began;
                                      if (life < 3) std::this_thread::sleep_for(1h);
                                      return 2;
                                    }));
      });
    };
    auto told = live(directory, 100, define, [&](stet::engine& e, int pipe) {
      auto hangs = e.start(Hangs, "a");
      auto innocent = e.start(Innocent, "b");
      while (life < 3 && began < 2) std::this_thread::sleep_for(1ms);
      child_process::tell(pipe, life < 3 ? "both" : std::to_string(innocent.result()));
    });
    CHECK(told == (life < 3 ? "both" : "2"));
  }
}

TEST_CASE(
    "steps that a SIGKILL cut short are tried side by side, and after more of them, too, if they "
    "get on: none is convicted") {
  temporary_directory directory;
  constexpr int steps = 8;
  constexpr int lives = 6;
  for (int life = 1; life <= lives; ++life) {
    std::atomic<int> began{0};
    auto define = [&](stet::engine& e) {
      e.define(Innocent, [&](stet::context&) -> stet::task<int> {
        auto all = co_await stet::map(std::vector<int>(steps, 1), [&](stet::context& in, int&) {
          return in.step("long", stet::owning([&began, life](stet::step_context& s) {
                           ++began;
                           // In the second life nothing has been tried alone yet.
                           while (life < lives || began < steps) {
                             if (life > 2) s.heartbeat(began.load());
                             std::this_thread::sleep_for(1ms);
                           }
                           return 1;
                         }));
        });
        int sum = 0;
        for (int one : all) sum += one;
        co_return sum;
      });
    };
    auto told = live(directory, 100, define, [&](stet::engine& e, int pipe) {
      auto run = e.start(Innocent, "a");
      while (began < steps) std::this_thread::sleep_for(1ms);
      child_process::tell(pipe, life < lives ? "all" : std::to_string(run.result()));
    });
    CHECK(told == (life < lives ? "all" : std::to_string(steps)));
  }
}

TEST_CASE("a step that is held behind a suspect still ends when its total time is over") {
  temporary_directory directory;
  for (int life = 1; life <= 3; ++life) {
    std::atomic<int> began{0};
    auto define = [&](stet::engine& e) {
      e.define(Hangs, [&](stet::context& ctx) -> stet::task<int> {
        co_return co_await ctx.step("hangs", stet::owning([&began] {
                                      ++began;
                                      std::this_thread::sleep_for(1h);
                                      return 1;
                                    }));
      });
      e.define(Innocent, [&](stet::context& ctx) -> stet::task<int> {
        auto tried = co_await ctx.try_step("held", {.total_timeout = 1s}, stet::owning([&began] {
                                             ++began;
                                             std::this_thread::sleep_for(1h);
                                             return 2;
                                           }));
        co_return tried ? *tried : -1;
      });
    };
    auto told = live(directory, 100, define, [&](stet::engine& e, int pipe) {
      auto hangs = e.start(Hangs, "a");
      auto held = e.start(Innocent, "b");
      while (life < 3 && began < 2) std::this_thread::sleep_for(1ms);
      child_process::tell(pipe, life < 3 ? "both" : std::to_string(held.result()));
    });
    CHECK(told == (life < 3 ? "both" : "-1"));
  }
}

TEST_CASE("a suspect that waits for a run lets that run's steps have their turn") {
  temporary_directory directory;
  for (int life = 1; life <= 3; ++life) {
    std::atomic<int> began{0};
    auto define = [&](stet::engine& e) {
      e.define(Innocent, [&](stet::context& ctx) -> stet::task<int> {
        co_return co_await ctx.step("inner", stet::owning([&began, life] {
                                      ++began;
                                      if (life < 3) std::this_thread::sleep_for(1h);
                                      return 5;
                                    }));
      });
      e.define(Hangs, [&](stet::context& ctx) -> stet::task<int> {
        co_return co_await ctx.step(
            "outer", stet::owning([&e] { return e.start(Innocent, "inner").result(); }));
      });
    };
    auto told = live(directory, 100, define, [&](stet::engine& e, int pipe) {
      auto outer = e.start(Hangs, "outer");
      while (life < 3 && began < 1) std::this_thread::sleep_for(1ms);
      child_process::tell(pipe, life < 3 ? "inside" : std::to_string(outer.result()));
    });
    CHECK(told == (life < 3 ? "inside" : "5"));
  }
}

namespace {

struct bomb {
  bool is_armed = true;
  ~bomb() {
    if (is_armed) ::raise(SIGKILL);
  }
};

}  // namespace

TEST_CASE("a run whose destructors kill the process when its frame is evicted is found out") {
  temporary_directory directory;
  constexpr int lives_max = 12;
  int life = 1;
  auto define = [](stet::engine& e) {
    e.define(Deadly, [](stet::context& ctx) -> stet::task<int> {
      bomb b;
      co_await ctx.step("long", [] { std::this_thread::sleep_for(1h); });
      b.is_armed = false;
      co_return 1;
    });
    e.define(Innocent, [](stet::context& ctx) -> stet::task<int> {
      co_await ctx.sleep(5ms);
      co_return 1;
    });
  };
  for (; life <= lives_max; ++life) {
    auto told = live(directory, 1, define, [&](stet::engine& e, int pipe) {
      auto run = e.start(Deadly, "r");
      for (int i = 0; run.status() != stet::status::stalled; ++i)
        e.start(Innocent, std::to_string(life) + "/" + std::to_string(i)).result();
      child_process::tell(pipe, "stalled");
    });
    if (told == "stalled") break;
  }
  CHECK(life > 3);  // three deaths are no proof
  CHECK(life <= 7);
}

#endif
