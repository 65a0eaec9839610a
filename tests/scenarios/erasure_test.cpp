// Runs that are erased: by a call, or because they ended long ago.
#include <atomic>
#include <map>
#include <thread>

#include <stet/check.hpp>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::attribute<std::string> Customer{"customer"};
inline constexpr stet::workflow<int(int)> Pay{"pay"};
inline constexpr stet::workflow<int(int)> Loop{"loop"};
inline constexpr stet::workflow<int(int)> Family{"family"};
inline constexpr stet::signal<void> Go{"go"};

/// The number of entries in the store that belong to runs.
std::size_t entries_of_runs(stet::store& s) {
  std::size_t n = 0;
  stet::scan(s, {}, [&](std::string_view key, std::string_view) {
    n += key.size() > 1 && key[0] == 0 &&
         std::string_view("hrntxcb").find(key[1]) != std::string::npos;
    return true;
  });
  return n;
}
void check_store(world& w, std::size_t entries = SIZE_MAX) {
  w.plan->heal();
  w.close();
  auto s = w.store();
  auto report = stet::check(*s);
  CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
  if (entries != SIZE_MAX) CHECK(entries_of_runs(*s) == entries);
}

stet::task<int> pay(stet::context& ctx, int n) {
  ctx.set_attributes({Customer("ann")});
  if (n < 0) co_await ctx.receive(Go);
  co_await ctx.sleep(1min);
  co_return n;
}
stet::task<int> loop(stet::context& ctx, int n) {
  co_await ctx.sleep(1min);
  if (n > 0) co_return co_await ctx.continue_as_new(Loop, n - 1);
  co_return 7;
}
/// A run with `depth` children, each with one child fewer.
stet::task<int> family(stet::context& ctx, int depth) {
  int sum = 1;
  for (int i = 0; i < depth; ++i)
    sum += co_await ctx.child(Family, std::string(ctx.id()) + "." + std::to_string(i), depth - 1);
  co_return sum;
}
void define_all(stet::engine& e) {
  e.define(Pay, pay);
  e.define(Loop, loop);
  e.define(Family, family);
}

}  // namespace

TEST_CASE("an erased run is gone whole, whatever dies and when, and its id is free") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    bool ever_new = false;
    at_every_commit(
        c, [](world&, stet::engine& e) { define_all(e); },
        [&](world& w) {
          auto& e = w.engine();
          bool erased_before = w.done.of("erased") > 0;
          if (!erased_before) {
            w.result(e.start(Loop, "l", 2));
            w.result(e.start(Pay, "other", 5));
            try {
              auto n = e.admin().erase("l");
              CHECK(n == 3);
            } catch (const stet::error& x) {
              if (x.code() != stet::errc::not_found) throw;  // it was durable before the crash
            }
            w.done.hit("erased");
          }
          auto again = e.start(Loop, "l", 0);
          ever_new |= again.created();
          auto result = w.result(again);
          CHECK(result == 7);
          w.close();
          w.reopen();
        },
        [](world& w, death d) {
          w.plan->heal();
          auto& e = w.engine();
          CHECK(w.result(*e.find(Pay, "other")) == 5);
          auto page = e.admin().list("WorkflowId = 'l'");
          // If the process dies between the erasure and its answer, the erasure may have been done.
          // Then the test begins anew and uses the id again, which has one run or three more.
          if (!d.happened) CHECK(page.runs.size() == 1);
          CHECK(e.admin().count("WorkflowType = 'loop'") == page.runs.size());
          CHECK(e.admin().count() == page.runs.size() + 1);
          for (auto& r : page.runs) CHECK(r.status != stet::status::running);
          (void)e.admin().erase("l");
          CHECK(!e.admin().describe("l"));
          CHECK(e.admin().list("WorkflowId = 'l'").runs.empty());
          CHECK(e.admin().count("WorkflowType = 'loop'") == 0);
          (void)e.admin().erase("other");
          w.close();
          w.reopen();
          CHECK(w.engine().admin().count() == 0);
          check_store(w, 0);
        });
    CHECK(ever_new);
  }
}

TEST_CASE("what is open is erased only by those who say so [S103, S206]") {
  everywhere([](world& w) {
    w.open(define_all);
    auto& e = w.engine();
    auto open = e.start(Pay, "p", -1);
    w.settle();
    auto refused = what_throws([&] { e.admin().erase("p"); });
    CHECK(refused.code == stet::errc::conflict);
    CHECK(refused.says("is open"));
    CHECK(open.status() == stet::status::running);
    CHECK(what_throws([&] { e.admin().erase("nobody"); }).code == stet::errc::not_found);
    CHECK(e.admin().erase("p", {.terminate = true}) == 1);
    for (int i = 0; i < 2; ++i) {  // now, and when it is durable
      CHECK(!w.engine().admin().describe("p"));
      CHECK(!w.engine().find(Pay, "p"));
      CHECK(what_throws([&] { w.engine().signal("p", Go); }).code == stet::errc::not_found);
      CHECK(what_throws([&] { w.engine().admin().erase("p"); }).code == stet::errc::not_found);
      CHECK(w.engine().admin().count() == 0);
      CHECK(w.engine().admin().count("customer = 'ann'") == 0);
      w.settle();
    }
    CHECK(what_throws([&] { (void)open.status(); }).says("erased"));
    CHECK(what_throws([&] { (void)open.result(); }).code == stet::errc::not_found);
    w.restart();
    CHECK(!w.engine().admin().describe("p"));
    auto again = w.engine().start(Pay, "p", 1);
    CHECK(again.created());
    CHECK(w.result(again) == 1);
    check_store(w);
  });
}

TEST_CASE("children go with their parents, or stay [S212]") {
  everywhere([](world& w) {
    w.open(define_all);
    w.run(Family, "f", 3);
    w.run(Family, "g", 1);
    w.run(Pay, "p", 1);
    CHECK(w.engine().admin().count() == 19);
    CHECK(w.engine().admin().erase("g") == 1);
    CHECK(w.engine().admin().describe("g.0"));
    CHECK(w.engine().admin().erase("f", {.children = true}) == 16);
    CHECK(w.engine().admin().count() == 2);
    w.restart();
    CHECK(w.engine().admin().count() == 2);
    CHECK(w.engine().admin().count("WorkflowId STARTS_WITH 'f'") == 0);
    check_store(w);
  });
}

TEST_CASE("a body that still runs holds its run's erasure up [S103]") {
  for (bool captures : {false, true}) {
    std::atomic<bool> go = false, in = false;
    world w(cell{.threads = 2});
    w.open([&](stet::engine& e) {
      e.define(Pay, [&](stet::context& ctx, int) -> stet::task<int> {
        if (captures) {
          co_await ctx.step("s", [&] {
            in = true;
            while (!go) std::this_thread::sleep_for(1ms);
          });
        }
        co_return co_await ctx.step("s", stet::owning([&] {
                                      in = true;
                                      while (!go) std::this_thread::sleep_for(1ms);
                                      return 1;
                                    }));
      });
    });
    w.engine().start(Pay, "p", 1);
    w.until([&] { return in.load(); });
    auto refused = what_throws([&] { w.engine().admin().erase("p", {.terminate = true}); });
    CHECK(refused.code == stet::errc::conflict);
    CHECK(refused.says("body"));
    CHECK(refused.says("nothing was changed"));
    CHECK(w.engine().admin().describe("p").value().status == stet::status::running);
    go = true;
    w.until([&] { return !what_throws([&] { w.engine().admin().erase("p"); }).thrown; });
    CHECK(!w.engine().admin().describe("p"));
    check_store(w, 0);
  }
}

TEST_CASE("if a body of one of them runs, no run of an erasure is terminated or erased") {
  std::atomic<bool> go = false, in = false;
  world w(cell{.threads = 2});
  w.open([&](stet::engine& e) {
    e.define(Pay, [&](stet::context& ctx, int) -> stet::task<int> {
      co_return co_await ctx.step("s", [&] {
        in = true;
        while (!go) std::this_thread::sleep_for(1ms);
        return 1;
      });
    });
    e.define(Family, [](stet::context& ctx, int) -> stet::task<int> {
      co_return co_await ctx.child(Pay, "p", 1);
    });
  });
  w.engine().start(Family, "f", 1);
  w.until([&] { return in.load(); });
  auto erase = [&] { return w.engine().admin().erase("f", {.children = true, .terminate = true}); };
  auto refused = what_throws(erase);
  CHECK(refused.code == stet::errc::conflict);
  CHECK(w.engine().admin().describe("f").value().status == stet::status::running);
  CHECK(w.engine().admin().describe("p").value().status == stet::status::running);
  go = true;
  w.until([&] { return !what_throws(erase).thrown; });
  CHECK(w.engine().admin().count() == 0);
  check_store(w, 0);
}

TEST_CASE("what ended long ago goes by itself, by namespace, whatever dies and when [S214]") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    at_every_commit(
        c,
        [](world&, stet::engine& e) {
          define_all(e);
          e.retain("brief", 10min);
          e.retain("for ever", 0ms);
        },
        [](world& w) {
          w.options.retention = 24h;
          if (!w.done.of("made")) {
            for (auto* ns : {"brief", "for ever", "default"}) {
              auto e = w.engine().in(ns);
              w.result(e.start(Loop, "l", 2));
              w.result(e.start(Pay, "p", 1));
            }
            w.done.hit("made");
          }
          w.pass(15min);
          w.pass(24h);
          w.pass(24h);
          w.close();
          w.reopen();
          w.pass(1s);
        },
        [](world& w, death) {
          w.plan->heal();
          CHECK(w.engine().in("brief").admin().count() == 0);
          CHECK(w.engine().admin().count() == 0);
          CHECK(w.engine().in("for ever").admin().count("WorkflowType = 'pay'") == 1);
          CHECK(w.engine().in("for ever").admin().count("WorkflowType = 'loop'") == 3);
          check_store(w);
        });
  }
}

TEST_CASE("retention waits for its time, goes on over restarts, and takes many runs [S196]") {
  everywhere([](world& w) {
    w.options.retention = 1h;
    w.open(define_all);
    for (int i = 0; i < 250; ++i) w.engine().start(Pay, "p" + std::to_string(i), i);
    w.finish();
    CHECK(w.engine().admin().count() == 250);
    w.pass(50min);
    CHECK(w.engine().admin().count() == 250);
    w.restart();
    w.settle();
    CHECK(w.engine().admin().count() == 250);
    w.clock.advance(10min);
    w.until([&] { return w.engine().admin().count() == 0; });
    w.engine().start(Pay, "open", -1);
    w.settle();
    w.clock.advance(100h);
    w.settle();
    CHECK(w.engine().admin().count() == 1);  // an open run stays
    w.engine().admin().erase("open", {.terminate = true});
    CHECK(what_throws([&] { w.engine().retain("x", 1h); }).says("before the engine is started"));
    stet::engine other(stet::memory::open());
    CHECK(what_throws([&] { other.retain("x", -1h); }).says("negative"));
    w.options.retention = {};
    check_store(w, 0);
  });
}

TEST_CASE("a run that ends in the moment in which others are taken goes in its own time [S196]") {
  everywhere([](world& w) {
    w.options.retention = 1h;
    w.open([](stet::engine& e) {
      e.define(Pay, [](stet::context& ctx, int minutes) -> stet::task<int> {
        if (minutes > 0) co_await ctx.sleep(1min * minutes);
        co_return 0;
      });
    });
    w.engine().start(Pay, "first", 0);
    w.engine().start(Pay, "second", 60);
    w.settle();
    auto goes = [&](const char* id) {
      for (int i = 0; i < 500 && w.engine().admin().describe(id); ++i) {
        w.poke();
        std::this_thread::sleep_for(1ms);
      }
      return !w.engine().admin().describe(id);
    };
    w.clock.advance(1h + 1ms);  // the first is erased, and the second ends
    CHECK(goes("first"));
    w.settle();
    CHECK(w.engine().admin().describe("second").value().status == stet::status::completed);
    w.pass(59min);
    CHECK(w.engine().admin().describe("second"));
    w.clock.advance(1min + 1ms);
    CHECK(goes("second"));
  });
}
