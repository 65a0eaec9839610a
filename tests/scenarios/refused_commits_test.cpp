// A store refuses to write for a while, in the midst of a turn and of a checkpoint.
#include <string>
#include <thread>
#include <vector>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> Chain{"chain"};
constexpr int runs = 12, steps = 4;

/// Steps without sleeps, with results that fill blocks.
void define(world& w, stet::engine& e) {
  e.define(Chain, [&w](stet::context& ctx, int n) -> stet::task<int> {
    for (int i = 0; i < steps; ++i) {
      co_await ctx.step("x", [&w, n, i] {
        w.done.hit(std::to_string(n) + "." + std::to_string(i));
        return std::string(300, 'x');
      });
    }
    co_return n;
  });
}

/// Makes nearly every block carry a slice, and makes blocks be written in the midst of a turn.
void make_tight(world& w) {
  w.options.tail_bytes_max = 4096;
  w.options.replay_check_interval = w.where.check;
}

/// Starts all runs, and finishes them, whatever the store refuses meanwhile. Every error must be
/// one that passes.
void play(world& w) {
  for (int i = 0; i < runs;) {
    auto told = what_throws([&] { w.engine().start(Chain, std::to_string(i), i); });
    if (told.thrown) REQUIRE_MESSAGE(told.code == stet::errc::full, told.text);
    if (told.thrown) w.clock.advance(1s);
    else ++i;
  }
  for (int looks = 0; looks < 10'000; ++looks) {
    w.clock.advance(300ms);
    auto told = what_throws([&] {
      if (w.where.threads == 0) w.engine().run_until_idle();
      else w.poke();
    });
    if (told.thrown) REQUIRE_MESSAGE(told.code == stet::errc::full, told.text);
    if (w.where.threads > 0) std::this_thread::sleep_for(1ms);
    bool all = !told.thrown;
    told = what_throws([&] {
      for (int i = 0; i < runs && all; ++i)
        all = w.engine().admin().describe(std::to_string(i)).value().status ==
              stet::status::completed;
    });
    if (told.thrown) REQUIRE_MESSAGE(told.code == stet::errc::full, told.text);
    if (all && !told.thrown) return;
  }
  REQUIRE_MESSAGE(false, "they don't end");
}

}  // namespace

TEST_CASE(
    "a commit with slices is refused, at any point, while the runs' frames are gone: all wait, and "
    "go on") {
  for (cell c : {cell{.resident = 0}, cell{.resident = 2}, cell{.check = 1},
                 cell{.resident = 0, .threads = 4}, cell{.threads = 4, .check = 1}}) {
    for (std::uint64_t n = 3;; n += c.threads ? 3 : 1) {
      INFO("in the cell ", c.name(), ", commit ", n);
      world w(c);
      make_tight(w);
      w.open([&w](stet::engine& e) { define(w, e); });
      w.plan->fail(store_call::commit, n, fault::refused, 3);
      play(w);
      CHECK(!w.heard.heard("the engine stopped"));
      CHECK(w.done.all() == runs * steps);
      if (w.plan->injected() == 0) break;
    }
  }
}

TEST_CASE("while the store refuses to write, what only reads sees all that was recorded") {
  for (cell c : {cell{.resident = 0}, cell{.resident = 2, .threads = 2}}) {
    world w(c);
    make_tight(w);
    w.open([&w](stet::engine& e) { define(w, e); });
    for (int i = 0; i < runs; ++i) CHECK(w.run(Chain, std::to_string(i), i) == i);
    std::vector<std::size_t> records;
    for (int i = 0; i < runs; ++i)
      records.push_back(w.engine().admin().history(std::to_string(i)).size());
    w.plan->fail_next(store_call::commit, fault::refused, faults::for_ever);
    (void)what_throws([&] { w.engine().start(Chain, "more", 1); });
    CHECK(what_throws([&] { w.engine().start(Chain, "more", 1); }).code == stet::errc::full);
    for (int i = 0; i < runs; ++i) {
      CHECK(w.engine().admin().history(std::to_string(i)).size() ==
            records[static_cast<std::size_t>(i)]);
      CHECK(w.engine().find(Chain, std::to_string(i))->result() == i);
    }
    CHECK(!w.heard.heard("the engine stopped"));
    w.plan->heal();
    w.clock.advance(1s);
    CHECK(w.run(Chain, "more", 1) == 1);
  }
}
