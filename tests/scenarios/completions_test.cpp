// Non-blocking steps: a body begins something, and a completion ends it later.
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/scenarios/completions.hpp"

namespace {
struct unwritable {};
}  // namespace
template <> struct stet::codec<unwritable> {
  static void encode(writer&, const unwritable&) { throw std::runtime_error("no bytes"); }
  static unwritable decode(reader&) { return {}; }
};

using namespace stet_tests;

TEST_CASE("a step ends by its completion, from whatever thread, and stands") {
  event_loop loop;
  everywhere([&](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Number, [&](stet::context& ctx, int n) -> stet::task<int> {
        auto a = co_await ctx.step("later", [&](stet::completion<int> done) {
          w.done.hit("later");
          loop.post([done, n] { done.resolve(n + 1); });
        });
        auto b = co_await ctx.step(
            "at once", [](stet::completion<int> done, int x) { done.resolve(x + 1); }, a);
        co_await ctx.step("void", [&](const stet::completion<>& done) {
          w.done.hit("void");
          loop.post([done] { done.resolve(); });
        });
        auto c = co_await stet::map(std::vector<int>{1, 2, 3}, [&](stet::context& x, int& i) {
          return x.step("mapped", stet::owning([&](stet::completion<int> done, int k) {
                          loop.post([done, k] { done.resolve(k * 10); });
                        }),
                        i);
        });
        co_return b + c[0] + c[1] + c[2];
      });
    });
    CHECK(run_to_end(w, Number, "n", 1) == 63);
    w.restart();
    CHECK(run_to_end(w, Number, "n", 1) == 63);
    CHECK(w.done.of("later") == 1);
    CHECK(w.done.of("void") == 1);
  });
}

TEST_CASE("a process that dies at any commit of non-blocking steps tries them again, and no more") {
  event_loop loop;
  for (cell c : {cell{}, cell{.resident = 0, .check = 1}, cell{.lmdb = true}}) {
    for (bool owns : {false, true}) {
      int crashes = at_every_commit(
          c,
          [&](world& w, stet::engine& e) {
            e.define(Text, [&, owns](stet::context& ctx) -> stet::task<std::string> {
              auto begin = [&](stet::completion<int> done, const std::string& name) {
                w.done.hit(name);
                auto n = static_cast<int>(done.attempt());
                loop.post(
                    [done, n, &name] { done.resolve(n * 100 + static_cast<int>(name.size())); });
              };
              int sum = 0;
              for (const char* name : {"a", "bb", "ccc"})
                sum += owns ? co_await ctx.step(name, stet::owning(begin), name)
                            : co_await ctx.step(name, begin, name);
              auto once = co_await ctx.try_step("once", {.at_most_once = true},
                                                [&](stet::completion<int> done) {
                                                  w.done.hit("once");
                                                  loop.post([done] { done.resolve(1); });
                                                });
              co_return std::to_string(sum % 100) + (once ? " once" : " interrupted");
            });
          },
          [&](world& w) {
            auto text = run_to_end(w, Text, "t");
            CHECK((text == "6 once" || text == "6 interrupted"));
          },
          [](world& w, death d) {
            CHECK(w.done.of("once") <= 1);
            CHECK(w.done.all() <= 4 + d.happened);
          });
      CHECK(crashes >= 8);
    }
  }
}

TEST_CASE("of eight threads that end a step one does, and what it said stands") {
  for (auto& c : cells) {
    CAPTURE(c.name());
    world w(c);
    outside<int> begun;
    w.open([&](stet::engine& e) {
      e.define(Number, [&](stet::context& ctx, int) -> stet::task<int> {
        co_return co_await ctx.step("x", [&](stet::completion<int> done) { begun.take(done); });
      });
    });
    for (int round = 0; round < 50; ++round) {
      auto run = w.engine().start(Number, std::to_string(round), 0);
      until(w, [&] { return begun.taken() == static_cast<std::size_t>(round) + 1; });
      auto done = *begun.next();
      std::atomic<int> winners{0}, won_by{-1};
      std::atomic<bool> go{false};
      std::vector<std::thread> threads;
      threads.reserve(8);
      for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, done, i] {
          while (!go) {}
          if (done.resolve(i)) ++winners, won_by = i;
        });
      go = true;
      for (auto& t : threads) t.join();
      CHECK(winners == 1);
      CHECK(!done.reject(std::runtime_error("late")));
      CHECK(result_of(w, run) == won_by);
    }
  }
}

TEST_CASE("a completion that is dropped fails the attempt; what the body throws says more") {
  everywhere_by_hand([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        constexpr stet::step_options once{.retry = {.max_attempts = 1}};
        auto dropped = co_await ctx.try_step("d", once, [](stet::completion<int>) {});
        auto thrown = co_await ctx.try_step(
            "t", once, [](stet::completion<int>) { throw std::runtime_error("no network"); });
        auto both = co_await ctx.try_step("b", once, [](stet::completion<int> done) {
          done.resolve(7);
          throw std::runtime_error("too late");
        });
        auto second = co_await ctx.try_step("s", [&](stet::completion<int> done) {
          if (w.done.hit("s") == 2) done.resolve(2);
        });
        co_return told(dropped) + "; " + told(thrown) + "; " + told(both) + "; " + told(second);
      });
    });
    CHECK(run_to_end(w, Text, "t") ==
          "step_failed after 1: the body of step 'd' dropped its completion without a call of "
          "resolve or reject: keep a copy until one of them is called; step_failed after 1: no "
          "network; value 7; value 2");
  });
}

TEST_CASE("the last copy that goes on another thread fails the attempt") {
  for (auto& c : cells) {
    CAPTURE(c.name());
    world w(c);
    outside<int> begun;
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto o = co_await ctx.try_step("x", {.retry = {.max_attempts = 1}},
                                       [&](stet::completion<int> done) { begun.take(done); });
        co_return told(o).substr(0, 21);
      });
    });
    auto run = w.engine().start(Text, "t");
    until(w, [&] { return begun.taken() == 1; });
    idle(w);
    CHECK(run.status() == stet::status::running);
    std::thread([&] { (void)begun.all(); }).join();
    CHECK(result_of(w, run) == "step_failed after 1: ");
  }
}

TEST_CASE("what is rejected is tried again as the policy says, and arrives as itself") {
  struct refused : std::runtime_error {
    using runtime_error::runtime_error;
  };
  event_loop loop;
  everywhere([&](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto third = co_await ctx.try_step("x", {.retry = {.max_attempts = 3}},
                                           [&](stet::completion<int> done) {
                                             loop.post([done, n = w.done.hit("x")] {
                                               if (n < 3) done.reject(std::runtime_error("busy"));
                                               else done.resolve(static_cast<int>(done.attempt()));
                                             });
                                           });
        auto never = co_await ctx.try_step(
            "y", {.retry = {.max_attempts = 2}}, [&](stet::completion<int> done) {
              loop.post([done] { done.reject(std::runtime_error("busy")); });
            });
        auto final = co_await ctx.try_step("z", [&](stet::completion<int> done) {
          loop.post([done] { done.reject(stet::permanent_error("no such card")); });
        });
        auto nothing = co_await ctx.try_step(
            "n", {.retry = {.max_attempts = 1}},
            [](stet::completion<int> done) { done.reject(std::exception_ptr()); });
        co_return told(third) + "; " + told(never) + "; " + told(final) + "; " + told(nothing);
      });
    });
    CHECK(run_to_end(w, Text, "t") ==
          "value 3; step_failed after 2: busy; step_failed after 1: no such card; step_failed "
          "after 1: a completion was rejected without an exception");
  });
}

TEST_CASE("a result that can't be encoded is the step's failure, and is not tried again") {
  everywhere_by_hand([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto o = co_await ctx.try_step("x", [&](stet::completion<unwritable> done) {
          w.done.hit("x");
          done.resolve({});
        });
        co_return o ? "value" : std::string(o.failed_as<stet::step_failed>()->message());
      });
    });
    auto text = run_to_end(w, Text, "t");
    CHECK(text.find("can't be encoded") != std::string::npos);
    CHECK(w.done.of("x") == 1);
  });
}
