// Runs that never come to rest. The others go on, calls are answered, and a close ends. Each engine
// is in a process of its own, so that a hang becomes a failure of the test.
#include <string>
#include <thread>

#include "tests/support/child_process.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(std::string)> Busy{"busy"};
inline constexpr stet::workflow<int()> Other{"other"};
inline constexpr stet::signal<int> Ball{"ball"};
inline constexpr stet::query<int()> Caught{"caught"};

constexpr int patience_ms = 60'000;

/// Catches the ball and throws it on, for ever.
stet::task<int> plays(stet::context& ctx, std::string to) {
  int caught = 0;
  auto answers = ctx.on(Caught, [&] { return caught; });
  for (;;) {
    caught += co_await ctx.receive(Ball);
    co_await ctx.signal(to, Ball, 1);
  }
}

stet::task<int> busy(stet::context& ctx, std::string how) {
  if (how == "goes on as new") co_return co_await ctx.continue_as_new(Busy, how);
  co_return co_await plays(ctx, how);
}

stet::task<int> other(stet::context& ctx) {
  int sum = 0;
  for (int i = 0; i < 20; ++i) sum += co_await ctx.step("x", [] { return 1; });
  co_return sum;
}

/// Begins runs that never rest. Returns their ids.
std::vector<std::string> begin(stet::engine& e, const std::string& how) {
  e.define(Busy, busy);
  e.define(Other, other);
  e.start();
  if (how == "goes on as new") return e.start(Busy, "a", how), std::vector<std::string>{"a"};
  auto second = how == "two" ? "b" : "a";
  e.start(Busy, "a", second);
  if (how == "two") e.start(Busy, "b", "a");
  e.signal("a", Ball, 1);
  return {"a", second};
}

/// Calls `f` in a child process. Returns whether it came to its end.
bool comes_to_its_end(const std::function<void()>& f) {
  child_process child([&](int pipe) {
    f();
    child_process::tell(pipe, "ended");
  });
  auto heard = child.hear(patience_ms);
  CHECK(heard == "ended");
  return heard == "ended";
}

constexpr const char* ways[] = {"two", "one", "goes on as new"};

stet::engine_options quiet(unsigned threads, recorder& heard) {
  return {.threads = threads, .listener = &heard};
}

}  // namespace

TEST_CASE("runs that never come to rest let others go on, and a close with a limit ends") {
  for (auto how : ways) {
    for (unsigned threads : {2u, 0u}) {
      INFO("how: ", std::string(how));
      CAPTURE(threads);
      CHECK(comes_to_its_end([&] {
        recorder heard;
        stet::engine e(stet::memory::open(), quiet(threads, heard));
        auto ids = begin(e, how);
        if (e.start(Other, "other").result() != 20) throw std::runtime_error("another result");
        if (!e.close(1s)) throw std::runtime_error("a body was left behind");
      }));
    }
  }
}

TEST_CASE("runs that never come to rest don't keep an engine from being destroyed") {
  for (auto how : ways) {
    for (unsigned threads : {2u, 0u}) {
      INFO("how: ", std::string(how));
      CAPTURE(threads);
      CHECK(comes_to_its_end([&] {
        recorder heard;
        stet::engine e(stet::memory::open(), quiet(threads, heard));
        begin(e, how);
      }));
    }
  }
}

TEST_CASE("a run that never comes to rest answers its callers, also when it is found at a start") {
  for (auto how : {"two", "one"}) {
    for (unsigned threads : {2u, 0u}) {
      INFO("how: ", std::string(how));
      CAPTURE(threads);
      CHECK(comes_to_its_end([&] {
        recorder heard;
        auto contents = stet::memory::make_contents();
        for (int life = 0; life < 2; ++life) {
          stet::engine e(stet::memory::open(contents), quiet(threads, heard));
          begin(e, how);
          auto run = *e.find(Busy, "a");
          for (int i = 0; i < 5; ++i)
            if (run.query(Caught) < 1) throw std::runtime_error("nothing was caught");
          if (run.wait_for(20ms)) throw std::runtime_error("it ended");
        }
      }));
    }
  }
}

TEST_CASE("what two runs bring about while they never come to rest is committed as they go") {
  CHECK(comes_to_its_end([&] {
    recorder heard;
    stet::engine e(stet::memory::open(),
                   {.threads = 2, .tail_bytes_max = 64 << 10, .listener = &heard});
    begin(e, "one");
    auto before = e.admin().describe("a").value().records;
    while (e.admin().describe("a").value().records < before + 10'000) {}  // 30 times the bound
  }));
}

TEST_CASE("run_until_idle returns although runs never come to rest, and says so") {
  for (auto how : ways) {
    INFO("how: ", std::string(how));
    CHECK(comes_to_its_end([&] {
      recorder heard;
      stet::engine e(stet::memory::open(), quiet(0, heard));
      auto ids = begin(e, how);
      if (e.run_until_idle(50ms)) throw std::runtime_error("it says that it is idle");
      if (!e.next_wakeup()) throw std::runtime_error("nothing is to be done any more");
      for (auto& id : ids) e.terminate(id);
      if (!e.run_until_idle()) throw std::runtime_error("it says that it isn't idle");
      if (e.next_wakeup()) throw std::runtime_error("there is something to do");
    }));
  }
}
