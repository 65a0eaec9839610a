// Bodies that read blobs and send heartbeats while the store is full.
#include <atomic>
#include <functional>
#include <thread>

#include <stet/blob.hpp>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Number{"number"};
inline constexpr stet::workflow<int(int)> Asks{"asks"};
inline constexpr stet::signal<int> Go{"go"};

bool comes_true(const std::function<bool()>& what) {
  for (int i = 0; i < 60'000 && !what(); ++i) std::this_thread::sleep_for(1ms);
  return what();
}

}  // namespace

TEST_CASE("while the store is full, blobs are read and heartbeats don't pile up") {
  std::atomic<bool> began{false}, goes{false}, may_end{false};
  world w({.threads = 2});
  stet::blob kept;
  w.open([&](stet::engine& e) {
    e.define(Number, [&](stet::context& ctx) -> stet::task<int> {
      auto b = co_await ctx.step("keep", [](stet::step_context& s) { return s.keep("bytes"); });
      kept = b;
      co_return co_await ctx.step("use", {.retry = {.max_attempts = 1}},
                                  [&, b](stet::step_context& s) {
                                    began = true;
                                    while (!goes) std::this_thread::sleep_for(1ms);
                                    auto size = s.read(b).size();
                                    for (int i = 0; i < 100; ++i) {
                                      s.heartbeat(i);
                                      std::this_thread::sleep_for(1ms);
                                    }
                                    while (!may_end) std::this_thread::sleep_for(1ms);
                                    return static_cast<int>(size);
                                  });
    });
    e.define(Asks, [](stet::context& ctx, int n) -> stet::task<int> {
      co_return n + co_await ctx.receive(Go);
    });
  });
  auto run = w.engine().start(Number, "n");
  REQUIRE(comes_true([&] { return began.load(); }));
  w.plan->fail_next(store_call::commit, fault::refused, faults::for_ever);
  CHECK(what_throws([&] { w.engine().start(Asks, "a", 1); }).code == stet::errc::full);
  CHECK(w.engine().read(kept) == "bytes");
  goes = true;
  std::this_thread::sleep_for(300ms);
  w.plan->heal();
  w.clock.advance(1s);
  w.until([&] { return w.engine().admin().describe("a").has_value(); });
  may_end = true;
  CHECK(run.result() == 5);
  std::size_t said = 0;
  for (auto& h : w.engine().admin().history("n")) said += h.kind == stet::record_kind::progress;
  CHECK(said <= 2);
}
