// Checkpoints under load. The journal is short, so that passes go on all the time.
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> Nth{"nth"};
inline constexpr stet::workflow<int(int)> Leaf{"leaf"};

stet::task<int> leaf(stet::context& ctx, int n) {
  co_await ctx.sleep(1min);
  co_return n;
}

void define(world& w, stet::engine& e) {
  e.define(Leaf, leaf);
  e.define(Nth, [&w](stet::context& ctx, int n) -> stet::task<int> {
    int sum = 0;
    for (int i = 0; i < 6; ++i) {
      auto r = co_await stet::all(ctx.step("x", [&w, n] { return w.done.hit("x"), n; }),
                                  stet::with_timeout(30s * (1 + n % 4), ctx.sleep(n * 1s)),
                                  ctx.child(Leaf, std::to_string(n) + "/" + std::to_string(i), n));
      sum += std::get<0>(r) + std::get<2>(r);
    }
    co_return sum;
  });
}

std::size_t blocks_in(world& w) {
  auto s = w.store();
  std::size_t n = 0;
  stet::scan(*s, {std::string_view("\0j", 2), std::string_view("\0k", 2)},
             [&](std::string_view, std::string_view) { return ++n, true; });
  return n;
}

}  // namespace

TEST_CASE("passes of the checkpoint lose nothing, over crashes and clean closes") {
  for (std::size_t tail : {std::size_t{4096}, std::size_t{20'000}, std::size_t{200'000}}) {
    for (cell c :
         {cell{}, cell{.resident = 0}, cell{.lmdb = true, .resident = 7}, cell{.threads = 4}}) {
      if (c.lmdb && tail != 4096) continue;  // commits of LMDB are slow
      INFO("in the cell ", c.name(), ", tail ", tail);
      world w(c);
      w.options.tail_bytes_max = tail;
      w.open([&](stet::engine& e) { define(w, e); });
      int crashes = 0;
      for (int round = 0; round < 12; ++round) {
        for (int i = 0; i < 10; ++i)
          w.engine().start(Nth, std::to_string(10 * round + i), 10 * round + i);
        w.clock.advance(20s);
        w.poke();
        if (round % 3 == 2) w.close(), w.reopen();
        if (round % 3 == 1) w.restart(), ++crashes;
      }
      w.finish();
      for (int n = 0; n < 120; ++n)
        CHECK(w.engine().find(Nth, std::to_string(n))->result() == 12 * n);
      CHECK(w.done.of("x") >= 720);
      CHECK(w.done.of("x") <= 720 + 130 * crashes);
      CHECK(w.engine().admin().open_runs().empty());
      w.close();
      CHECK(blocks_in(w) == 0);
      w.reopen();
      if (c.threads == 0) CHECK(!w.engine().next_wakeup());
    }
  }
}

TEST_CASE("the process may die at any commit of a checkpoint") {
  for (cell c : {cell{}, cell{.resident = 0}}) {
    for (auto how : {fault::unknown_lost, fault::unknown_applied}) {
      for (std::uint64_t n = 5;; n += 3) {
        INFO("in the cell ", c.name(), ", commit ", n);
        world w(c);
        w.options.tail_bytes_max = 4096;
        w.plan->fail(store_call::commit, n, how);
        for (;;) {
          try {
            w.open([&](stet::engine& e) { define(w, e); });
            for (int i = 0; i < 8; ++i) w.engine().start(Nth, std::to_string(i), i);
            w.finish();
            for (int i = 0; i < 8; ++i)
              REQUIRE(w.engine().find(Nth, std::to_string(i))->wait_for(0ms));
            break;
          } catch (const stet::store_error&) { w.crash(); }
        }
        for (int i = 0; i < 8; ++i)
          CHECK(w.engine().find(Nth, std::to_string(i))->result() == 12 * i);
        CHECK(w.done.of("x") <= 48 + 8);
        if (w.plan->injected() == 0) break;
      }
    }
  }
}

TEST_CASE("a busy run can't fill the journal: its blocks are dropped while it goes on") {
  world w;
  w.options.tail_bytes_max = 8192;
  constexpr stet::workflow<int(int)> Busy{"busy"};
  w.open([&](stet::engine& e) {
    e.define(Busy, [](stet::context& ctx, int n) -> stet::task<int> {
      for (int i = 0; i < n; ++i) co_await ctx.sleep(0ms);
      co_return n;
    });
  });
  CHECK(w.run(Busy, "b", 3000) == 3000);
  auto info = w.engine().admin().describe("b");
  CHECK(info->records == 3000 * 2 + 2);
  w.crash();
  CHECK(blocks_in(w) < 1000);
  w.reopen();
  CHECK(w.run(Busy, "b", 0) == 3000);
}
