// A workflow that itself does something that only a step may do is found at that call.
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <random>
#include <thread>

#include <stet/strict.hpp>

#include "tests/support/library_names.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> W{"w"};
inline constexpr stet::query<int()> Ask{"ask"};
inline constexpr stet::update<int()> Change{"change"};

struct forbidden {
  const char* function;
  int (*act)();
};
const forbidden all_forbidden[] = {
    {"clock_gettime",
     [] { return int(std::chrono::system_clock::now().time_since_epoch().count() & 1); }},
    {"clock_gettime",
     [] { return int(std::chrono::steady_clock::now().time_since_epoch().count() & 1); }},
    {"time", [] { return int(std::time(nullptr) & 1); }},
    {function_of_random_device, [] { return int(std::random_device()() & 1); }},
    {"rand", [] { return std::rand() & 1; }},
    {"getenv", [] { return std::getenv("HOME") ? 1 : 0; }},
    {"fopen", [] { return std::ifstream("/etc/passwd").good() ? 1 : 0; }},
    {"socket",
     [] {
       int s = ::socket(AF_INET, SOCK_STREAM, 0);
       return ::close(s);
     }},
    {"pthread_create",
     [] {
       std::thread([] {}).join();
       return 1;
     }},
    {"nanosleep",
     [] {
       std::this_thread::sleep_for(std::chrono::microseconds(1));
       return 1;
     }},
};

}  // namespace

TEST_CASE("in strict mode a workflow is stalled at what it does itself, and told where") {
  for (auto& f : all_forbidden) {
    for (unsigned threads : {0u, 2u}) {
      INFO(std::string(f.function), " with ", threads, " threads");
      effects seen;
      world w(cell{.threads = threads});
      w.open([&](stet::engine& e) {
        e.define(W, [&](stet::context& ctx, int) -> stet::task<int> {
          co_await ctx.step("before", [&] { seen.hit("before"); });
          f.act();
          co_await ctx.step("after", [&] { seen.hit("after"); });
          co_return 1;
        });
      });
      stet::testing::strict_determinism strict;
      auto run = w.engine().start(W, "r", 1);
      auto told = what_throws([&] { run.result(); });
      CHECK(told.code == stet::errc::run_stalled);
      for (auto* part : {f.function, "workflow 'w'", "run 'r'", "command 1", "strict_test.cpp:"})
        CHECK_MESSAGE(told.says(part), told.text);
      CHECK(seen.of("before") == 1);
      CHECK(seen.of("after") == 0);
    }
  }
}

TEST_CASE("who isn't strict sees nothing; a fixed build goes on with what stalled") {
  effects seen;
  world w;
  bool asks = true;
  auto define = [&](stet::engine& e) {
    e.define(W, [&](stet::context& ctx, int n) -> stet::task<int> {
      if (asks) (void)std::getenv("HOME");
      co_return co_await ctx.step("only", [&] { return seen.hit("only"); }) + n;
    });
  };
  w.open(define);
  CHECK(w.run(W, "lax", 1) == 2);
  {
    stet::testing::strict_determinism strict;
    auto run = w.engine().start(W, "strict", 1);
    CHECK(what_throws([&] { run.result(); }).code == stet::errc::run_stalled);
    asks = false;
    w.restart();
    CHECK(w.engine().find(W, "strict")->result() == 3);
  }
}

TEST_CASE("steps, transactions, queries and listeners may do anything, also in strict mode") {
  stet::testing::strict_determinism strict;
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(W, [](stet::context& ctx, int) -> stet::task<int> {
        auto h = ctx.on(Ask, [] { return int(std::time(nullptr) > 0); });
        co_await ctx.step("step", [] { (void)std::getenv("HOME"); });
        co_await ctx.step("inline", {.run_inline = true}, [] { (void)std::getenv("HOME"); });
        co_await ctx.transact("tx", [](stet::transaction&) { (void)std::getenv("HOME"); });
        ctx.log("a line");
        co_await ctx.sleep(1h);
        co_return 1;
      });
    });
    auto run = w.engine().start(W, "r", 1);
    w.settle();
    CHECK(run.query(Ask) == 1);
    w.finish();
    CHECK(run.result() == 1);
    CHECK(run.query(Ask) == 1);
  });
}

TEST_CASE("a handler of an update is workflow code") {
  stet::testing::strict_determinism strict;
  world w;
  w.open([](stet::engine& e) {
    e.define(W, [](stet::context& ctx, int) -> stet::task<int> {
      auto h = ctx.on(Change, [] { return std::rand(); });
      co_await ctx.sleep(1h);
      co_return 1;
    });
  });
  auto run = w.engine().start(W, "r", 1);
  auto told = what_throws([&] { run.update(Change); });
  CHECK(told.code == stet::errc::run_stalled);
  CHECK(told.says("rand"));
}

TEST_CASE("what stops a pending step may look at the clock, under strict tests too") {
  stet::testing::strict_determinism strict;
  std::vector<stet::completion<int>> kept;
  world w;
  w.open([&](stet::engine& e) {
    e.define(W, [&](stet::context& ctx, int) -> stet::task<int> {
      auto first = co_await stet::any(ctx.step("pending",
                                               [&](stet::completion<int> c) {
                                                 c.on_stop([] { (void)::time(nullptr); });
                                                 kept.push_back(std::move(c));
                                               }),
                                      ctx.sleep(1s));
      co_return int(first.index());
    });
  });
  auto run = w.engine().start(W, "1", 0);
  w.settle();
  w.pass(2s);
  kept.clear();
  CHECK(w.result(run) == 1);
}
