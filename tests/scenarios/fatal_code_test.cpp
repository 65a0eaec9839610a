// Code that kills the process, whatever drives it: a run's own code, a callback, an attempt after
// its time-out. After some deaths the engine finds it, and everything else goes on.
#include <csignal>
#include <set>
#include <thread>

#include "tests/support/child_process.hpp"
#include "tests/support/world.hpp"

#if STET_TESTS_HAVE_LMDB
#include <stet/lmdb.hpp>

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string(std::string)> Deadly{"deadly"};
inline constexpr stet::workflow<std::string(std::string)> Child{"child"};
inline constexpr stet::workflow<int(int)> Harmless{"harmless"};
inline constexpr stet::signal<int> Go{"go"};
inline constexpr stet::query<int()> Ask{"ask"};
inline constexpr stet::update<int(int)> Change{"change"};

constexpr int lives_max = 12;
bool is_deadly = true;  // false in a mended build

void die() {
  if (is_deadly) ::raise(SIGKILL);
}

/// A run whose own code, or a step of it, kills the process in the way `how`.
stet::task<std::string> deadly(stet::context& ctx, std::string how) {
  if (how == "first line") die();
  auto asks = ctx.on(Ask, [&] {
    if (how == "query") die();
    return 1;
  });
  auto changes = ctx.on(Change, [&](stet::context& c, int n) -> stet::task<int> {
    if (how == "update") die();
    co_await c.sleep(1ms);
    co_return n;
  });
  if (how == "step") {
    co_await ctx.step("x", [] { return 1; });
    die();
  } else if (how == "inline step") {
    co_await ctx.step("x", {.run_inline = true}, [] { return 1; });
    die();
  } else if (how == "timer") {
    co_await ctx.sleep(5ms);
    die();
  } else if (how == "signal") {
    co_await ctx.receive(Go);
    die();
  } else if (how == "second signal") {
    co_await ctx.receive(Go);
    co_await ctx.receive(Go);
    die();
  } else if (how == "timer among signals") {
    auto deaf = co_await stet::any(ctx.sleep(50ms), [](stet::context& c) -> stet::task<int> {
      for (;;) co_await c.receive(Go);
    }(ctx));
    if (deaf.index() == 0) die();
  } else if (how == "continued") {
    co_return co_await ctx.continue_as_new(Deadly, "first line");
  } else if (how == "child") {
    co_return co_await ctx.child(Child, "child", "first line");
  } else if (how == "child's step") {
    co_return co_await ctx.child(Child, "child", "step");
  } else if (how == "query" || how == "update") {
    co_await ctx.receive(Go);
  }
  co_return "mended";
}

/// Lives of a process with a deadly run and a harmless one. live() returns the process's report, or
/// an empty text if it died.
class fatal_lives {
 public:
  explicit fatal_lives(std::string how) : how_(std::move(how)) {}

  std::string live(const std::function<void(stet::engine&)>& act) const {
    child_process child([&](int pipe) {
      recorder quiet;
      stet::engine e(stet::lmdb::open(directory_ / "store"), {.threads = 2, .listener = &quiet});
      define(e);
      e.start();
      e.start(Harmless, "harmless", 20);
      act(e);
      auto looked_at = how_.starts_with("child") ? "child" : "r";
      for (;; std::this_thread::sleep_for(1ms)) {
        auto info = e.admin().describe(looked_at);
        if (!info || info->status == stet::status::running) continue;
        if (e.find(Harmless, "harmless")->result() != 20) continue;
        child_process::tell(pipe, info->status == stet::status::stalled ? "stalled" : "ended");
        ::pause();  // its parent kills it: no clean close
      }
    });
    auto told = child.hear();
    child.kill();
    return told;
  }

  /// Returns the number of the first life that survived.
  int lives_until(const std::string& told, const std::function<void(stet::engine&)>& act) const {
    for (int life = 1; life <= lives_max; ++life)
      if (live(act) == told) return life;
    return lives_max + 1;
  }

  std::string mended() const {
    is_deadly = false;
    recorder quiet;
    stet::engine e(stet::lmdb::open(directory_ / "store"), {.threads = 2, .listener = &quiet});
    define(e);
    e.start();
    auto stalled = how_.starts_with("child") ? "child" : "r";
    e.admin().resume(stalled);
    auto run = *e.find(Deadly, "r");
    if (how_ == "query" || how_ == "update") run.signal(Go, 1);
    auto result = run.result();
    is_deadly = true;
    return result;
  }

 private:
  static void define(stet::engine& e) {
    e.define(Deadly, deadly);
    e.define(Child, deadly);
    e.define(Harmless, [](stet::context& ctx, int n) -> stet::task<int> {
      int sum = 0;
      for (int i = 0; i < n; ++i) {
        co_await ctx.sleep(1ms);
        sum += co_await ctx.step("x", [] { return 1; });
      }
      co_return sum;
    });
  }
  temporary_directory directory_;
  std::string how_;
};

/// Each life does this anew: it starts the run again, and sends it its client's messages.
void ask_again(stet::engine& e, const std::string& how) {
  auto run = e.start(Deadly, "r", how);
  if (how == "signal") run.signal(Go, 1);
  if (how == "second signal") {
    run.signal(Go, 1);
    run.signal(Go, 1);
  }
  if (how == "timer among signals")
    for (int i = 0; i < 20; ++i) run.signal(Go, i);
  if (how == "query") (void)run.query(Ask);
  if (how == "update") (void)run.update(Change, 1);
}

}  // namespace

TEST_CASE(
    "workflow code that kills its process is stalled after some deaths, whatever drove it [S145]") {
  for (auto how :
       {"first line", "step", "inline step", "timer", "signal", "second signal",
        "timer among signals", "continued", "child", "child's step", "query", "update"}) {
    INFO("how: ", std::string(how));
    fatal_lives lives(how);
    auto survived = lives.lives_until("stalled", [&](stet::engine& e) {
      try {
        ask_again(e, how);
      } catch (const stet::error& x) {
        if (x.code() != stet::errc::run_stalled) throw;
      }
    });
    CHECK(survived > 3);  // three deaths are no proof
    CHECK(survived <= 7);
    if (survived > lives_max) continue;
    CHECK(lives.mended() == "mended");
  }
}

TEST_CASE("three kills in the midst of a workflow's own code convict nobody") {
  temporary_directory directory;
  for (int i = 0; i < 4; ++i) {
    child_process child([&](int pipe) {
      recorder quiet;
      stet::engine e(stet::lmdb::open(directory / "store"),
                     {.threads = 1, .watchdog = 0ms, .listener = &quiet});
      e.define(Harmless, [&](stet::context& ctx, int n) -> stet::task<int> {
        co_await ctx.sleep(1ms);
        child_process::tell(pipe, "computes");
        while (i < 3) std::this_thread::sleep_for(1ms);
        co_return n;
      });
      e.start();
      auto told = std::to_string(e.start(Harmless, "r", 5).result());
      child_process::tell(pipe, " and returned " + told);
    });
    if (i < 3) {
      CHECK(child.hear() == "computes");
      child.kill();
    } else {
      CHECK(child.hear_all() == "computes and returned 5");
    }
  }
}

namespace {

/// A run with one step that kills, among `others` that wait for ever (or until `how` is "mended").
stet::task<std::string> steps(stet::context& ctx, std::string how, int others) {
  static std::mutex mutex;
  static auto& kept = *new std::vector<stet::completion<int>>;
  std::vector<stet::task<int>> all;
  for (int i = 0; i < others; ++i)
    all.push_back([](stet::context& c) -> stet::task<int> {
      co_return co_await c.step("waits", [](stet::completion<int> done) {
        std::lock_guard lock(mutex);
        kept.push_back(done);
      });
    }(ctx));
  auto kills = [](stet::context& c, std::string way) -> stet::task<int> {
    if (way == "callback")
      co_return co_await c.step("kills", [](stet::completion<int> done) {
        std::thread([done] {
          std::this_thread::sleep_for(5ms);
          die();
        }).detach();
      });
    if (way == "predicate")
      co_return co_await c.step("kills",
                                {.retry = {.retryable =
                                               [](const std::exception&) {
                                                 die();
                                                 return false;
                                               }}},
                                []() -> int { throw std::runtime_error("fails"); });
    co_return co_await c.step("kills", {.retry = {.initial_interval = 1ms}, .timeout = 10ms},
                              []() -> int {
                                std::this_thread::sleep_for(30ms);  // its time is up by then
                                die();
                                return 1;
                              });
  }(ctx, how);
  if (others == 0)
    all.push_back([](stet::context& c) -> stet::task<int> {
      co_await c.sleep(1h);
      co_return 0;
    }(ctx));
  auto ended = co_await stet::any(stet::attempt(std::move(kills)), stet::all(std::move(all)));
  if (ended.index() != 0) co_return "the others";
  auto f = std::get<0>(ended).failed_as<stet::step_failed>();
  co_return f ? std::string(to_string(f->code())) : "a value";
}

}  // namespace

TEST_CASE(
    "a step that kills from a callback, a predicate, or when it was left behind is convicted") {
  for (auto how : {"callback", "predicate", "left behind"}) {
    for (int others : {0, 5}) {
      INFO("how: ", std::string(how));
      CAPTURE(others);
      temporary_directory directory;
      std::string told;
      int life = 0;
      for (; life < lives_max && told.empty(); ++life) {
        child_process child([&](int pipe) {
          recorder quiet;
          stet::engine e(stet::lmdb::open(directory / "store"), {.threads = 4, .listener = &quiet});
          e.define(Deadly, [others](stet::context& ctx, std::string h) {
            return steps(ctx, std::move(h), others);
          });
          e.start();
          child_process::tell(pipe, e.start(Deadly, "r", how).result());
        });
        told = child.hear();
      }
      CHECK(told == "step_crashed");
      CHECK(life > 4);
      CHECK(life <= 8);
    }
  }
}

TEST_CASE("four kills while steps are pending for long convict none of them") {
  temporary_directory directory;
  for (int life = 0; life < 5; ++life) {
    child_process child([&](int pipe) {
      recorder quiet;
      fake_clock clock;
      stet::engine e(stet::lmdb::open(directory / "store"),
                     {.threads = 2, .clock = &clock, .listener = &quiet});
      std::vector<stet::completion<int>> begun;
      std::mutex mutex;
      e.define(Harmless, [&](stet::context& ctx, int n) -> stet::task<int> {
        co_return co_await ctx.step("waits", stet::owning([&](stet::completion<int> done) {
                                      std::lock_guard lock(mutex);
                                      begun.push_back(done);
                                    })) +
            n;
      });
      e.start();
      for (int i = 0; i < 3; ++i) e.start(Harmless, std::to_string(i), i);
      auto count = [&] {
        std::lock_guard lock(mutex);
        return begun.size();
      };
      while (count() < 3) {
        clock.advance(1s);  // meanwhile the steps tried alone have come through
        (void)e.admin().open_runs({}, 1);
        std::this_thread::sleep_for(1ms);
      }
      for (int i = 0; i < 60; ++i) {
        clock.advance(1s);
        (void)e.admin().open_runs({}, 1);
      }
      if (life == 4) {
        int sum = 0;
        for (auto& done : begun) (void)done.resolve(10);
        for (int i = 0; i < 3; ++i) sum += e.find(Harmless, std::to_string(i))->result();
        child_process::tell(pipe, std::to_string(sum));
      } else {
        child_process::tell(pipe, "pending");
      }
      ::pause();
    });
    CHECK(child.hear() == (life == 4 ? "33" : "pending"));
    child.kill();
  }
}

#endif
