// Waiting until a run has changed.
#include <atomic>
#include <thread>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> Reads{"reads"};
inline constexpr stet::signal<int> Number{"number"};

void define(stet::engine& e) {
  e.define(Reads, [](stet::context& ctx, int count) -> stet::task<int> {
    int sum = 0;
    for (int i = 0; i < count; ++i) sum += co_await ctx.receive(Number);
    co_return sum;
  });
}

}  // namespace

TEST_CASE("a wait for a change returns when the run has done or was sent something, or has ended") {
  everywhere([](world& w) {
    w.open(define);
    auto run = w.engine().start(Reads, "r", 3);
    auto admin = w.engine().admin();
    w.settle();
    auto first = admin.describe("r").value();
    auto same = admin.wait_for_change(first, 0ms);
    REQUIRE(same);
    CHECK(same->records == first.records);
    run.signal(Number, 1);
    auto second = admin.wait_for_change(first, 1min);  // it has changed already
    REQUIRE(second);
    CHECK(second->records > first.records);
    w.settle();
    second = admin.describe("r");
    std::thread sends([&] { run.signal(Number, 2); });
    auto third = admin.wait_for_change(*second, 1min);
    sends.join();
    CHECK(third->records > second->records);
    run.signal(Number, 3);
    CHECK(w.result(run) == 6);
    auto ended = admin.wait_for_change(*third, 1min);
    CHECK(ended->status == stet::status::completed);
    CHECK(admin.wait_for_change(*ended, 1min).value().status == stet::status::completed);
    w.restart();
    CHECK(w.engine().admin().wait_for_change(first, 1min).value().records == ended->records);
  });
}

TEST_CASE("a wait for a change ends when its run is erased, or its engine is closed") {
  for (bool erases : {true, false}) {
    world w(cell{.threads = 2});
    w.open(define);
    w.engine().start(Reads, "r", 3);
    w.settle();
    auto known = w.engine().admin().describe("r").value();
    std::atomic<bool> asks = false, is_gone = false;
    caught told;
    std::thread waits([&] {
      asks = true;
      told = what_throws([&] { is_gone = !w.engine().admin().wait_for_change(known, 24h); });
    });
    while (!asks) std::this_thread::yield();
    std::this_thread::sleep_for(5ms);
    if (erases) CHECK(w.engine().admin().erase("r", {.terminate = true}) == 1);
    else w.engine().close();
    waits.join();
    // The wait may begin when the run is gone, or when the engine is closed; that is the same.
    if (erases) CHECK(is_gone);
    else CHECK(told.code == stet::errc::closed);
  }
}
