// One run's mistakes harm only that run. For deaths of the process see
// crashes_during_steps_test.cpp.
#include <atomic>

#include "tests/support/library_names.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<long(long)> Long{"long"};
inline constexpr stet::workflow<std::string()> Text{"text"};
inline constexpr stet::workflow<std::string(std::string)> Echo{"echo"};

/// Measures how far the native stack reaches.
class stack_gauge {
 public:
  void mark() {
    char here;
    auto* p = &here;
    asm volatile("" : "+r"(p));  // keep it out of a register
    auto at = reinterpret_cast<std::uintptr_t>(p);
    low_ = low_ ? std::min(low_, at) : at;
    high_ = std::max(high_, at);
  }
  std::uintptr_t span() const { return high_ - low_; }

 private:
  std::uintptr_t low_ = 0, high_ = 0;
};

stet::task<int> ready(stack_gauge& g, int i) {
  g.mark();
  co_return i & 1;
}
stet::task<int> throws(int i) {
  if (i % 2) throw i;
  co_return 0;
}
stet::task<long> down(stet::context& ctx, long n) {
  if (n == 0) {
    co_await ctx.sleep(1s);
    co_return 0;
  }
  co_return 1 + co_await down(ctx, n - 1);
}

}  // namespace

TEST_CASE("a million awaits in a loop need no stack and no records [S151]") {
  world w;
  stack_gauge g;
  w.open([&](stet::engine& e) {
    e.define(Long, [&](stet::context& ctx, long n) -> stet::task<long> {
      long s = 0;
      for (int i = 0; i < n; ++i) {
        s += co_await ready(g, i);
        if (i % 100 == 0) {
          try {
            co_await throws(i / 100);
          } catch (int) { ++s; }
          auto [a, b] = co_await stet::all(ready(g, i), ready(g, i + 1));
          s += a + b;
          s += (co_await stet::any(ready(g, i), ctx.sleep(1h))).index() == 0;
        }
      }
      co_await ctx.sleep(1h);
      co_return s;
    });
  });
  w.engine().start(Long, "l", 1'000'000);
  w.settle();
  w.restart();
  CHECK(w.run(Long, "l", 0) == 500'000 + 5'000 + 10'000 + 10'000);
  CHECK(g.span() < 100'000);
  CHECK(w.engine().admin().describe("l").value().records == 4);
}

TEST_CASE("ten thousand branches at once, ended at once or one by one [S151]") {
  world w;
  stack_gauge g;
  w.open([&](stet::engine& e) {
    e.define(Long, [&](stet::context& ctx, long n) -> stet::task<long> {
      std::vector<int> items(static_cast<std::size_t>(n), 1);
      auto at_once =
          co_await stet::map(items, {.concurrency = 8}, [&](int i) { return ready(g, i); });
      auto later = co_await stet::map(items, {.concurrency = 100},
                                      [&](stet::context& c, int i) -> stet::task<int> {
                                        co_await c.sleep(1ms);
                                        g.mark();
                                        co_return i;
                                      });
      std::vector<stet::task<int>> tasks;
      for (long i = 0; i < n; ++i) tasks.push_back(ready(g, 1));
      auto all = co_await stet::all(std::move(tasks));
      co_await ctx.sleep(1h);
      co_return std::ssize(at_once) + std::ssize(later) + std::ssize(all);
    });
  });
  CHECK(w.run(Long, "l", 10'000) == 30'000);
  CHECK(g.span() < 200'000);
}

TEST_CASE("tasks nest to a limit; beyond it is a clear error that the workflow may handle [S151]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Long, [](stet::context& ctx, long n) -> stet::task<long> {
        if (n < 0) {
          auto o = co_await stet::attempt(down(ctx, -n));
          co_return o.failed_as<stet::error>()->code() == stet::errc::too_deep ? -1 : -2;
        }
        co_return co_await down(ctx, n);
      });
    });
    w.engine().start(Long, "fine", 990);
    w.settle();
    w.restart();
    CHECK(w.run(Long, "fine", 990) == 990);
    CHECK(w.run(Long, "handled", -1500) == -1);
    auto deep = w.engine().start(Long, "deep", 1500);
    w.finish();
    auto what = what_throws([&] { deep.result(); });
    CHECK(what.code == stet::errc::run_failed);
    CHECK(what.says("more than 1000 deep"));
  });
}

TEST_CASE(
    "a workflow may let anything escape: it fails if its definition says so, the engine lives "
    "[S25]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Echo, {.accident = stet::accident::fail},
               [](stet::context& ctx, std::string what) -> stet::task<std::string> {
                 co_await ctx.sleep(1s);
                 if (what == "int") throw 42;
                 if (what == "null") throw nullptr;
                 if (what == "text") throw "a literal";
                 if (what == "cancelled") throw stet::cancelled("by itself");
                 co_return what;
               });
    });
    auto fails_with = [&](const char* what) {
      auto run = w.engine().start(Echo, what, what);
      w.finish();
      try {
        run.result();
      } catch (const stet::run_failed& x) { return x.type(); } catch (const stet::run_cancelled&) {
        return std::string("cancelled");
      }
      return std::string("nothing");
    };
    CHECK(fails_with("int") == "int");
    CHECK(fails_with("null") == name_of_nullptr_type);
    CHECK(fails_with("text").find("char const*") != std::string::npos);
    CHECK(fails_with("cancelled") == "cancelled");
    CHECK(fails_with("fine") == "nothing");
  });
}

TEST_CASE("what an operator is shown of a payload stays small, however large it is [S154]") {
  everywhere_by_hand([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Echo, [](stet::context& ctx, std::string s) -> stet::task<std::string> {
        co_await ctx.step(
            "x", {.retry = {.initial_interval = 1h}},
            [](stet::step_context& c, const std::string& big) {
              if (c.attempt() == 1) throw std::runtime_error(big);
            },
            s + s);
        co_return s + "!";
      });
    });
    std::string big(2'000'000, 'b');
    w.engine().start(Echo, "e", big);
    w.settle();
    auto info = w.engine().admin().describe("e");
    REQUIRE(info->waits_for.size() == 1);
    CHECK(info->waits_for[0].detail.size() < 1000);
    w.restart();
    CHECK(w.run(Echo, "e", "") == big + "!");
    CHECK(w.heard.problems().size() <= 1);
    for (auto& p : w.heard.problems()) CHECK(p.size() < 1000);
  });
}

TEST_CASE("an operation that is awaited twice, or was moved from, is a clear error") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
        std::string all;
        auto again = [&](auto& operation) -> stet::task<> {
          try {
            co_await std::move(operation);
          } catch (const stet::error& x) { all += std::string(to_string(x.code())) + " "; }
        };
        auto sleep = ctx.sleep(1s);
        co_await std::move(sleep);
        co_await again(sleep);
        auto step = ctx.step("x", [] { return 1; });
        co_await std::move(step);
        co_await again(step);
        auto task = throws(2);
        co_await std::move(task);
        co_await again(task);
        auto moved = throws(2), kept = std::move(moved);
        co_await again(moved);
        co_await std::move(kept);
        co_return all;
      });
    });
    CHECK(w.run(Text, "t") == "usage usage usage usage ");
  });
}
