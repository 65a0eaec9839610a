// Runs that are stalled while a body of theirs still runs.
#include <atomic>
#include <functional>
#include <thread>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Two{"two"};

using branch = std::function<stet::task<void>(stet::context&)>;
using occupied = std::function<void()>;  // the body of a step, which returns when the test says so

/// A run is stalled, and resumed while the branch that `make` returns has a body that runs: it goes
/// on when that has returned, whose result is kept.
void resume_beside(const std::function<branch(occupied)>& make) {
  std::atomic<int> executions{0}, began{0};
  std::atomic<bool> is_mended{false}, may_return{false};
  const auto slow = make([&] {
    ++began;
    while (!may_return) std::this_thread::sleep_for(1ms);
  });
  world w({.threads = 2});
  w.options.replay_check_interval = 1;
  w.open([&](stet::engine& e) {
    e.define(Two, [&](stet::context&) -> stet::task<int> {
      bool is_odd = executions++ > 0 && !is_mended;  // as is each replay of the first one
      auto other = [&](stet::context& c) -> stet::task<void> {
        co_await c.sleep(1h);
        co_await c.step(is_odd ? "odd" : "even", [] {});
      };
      co_await stet::all(slow, other);
      co_return 7;
    });
  });
  auto run = w.engine().start(Two, "1");
  w.until([&] { return began == 1; });
  w.clock.advance(1h);
  w.until([&] { return w.engine().admin().describe("1").value().status == stet::status::stalled; });
  const auto reason = w.engine().admin().describe("1").value().reason;
  CHECK(reason.find("isn't deterministic") != std::string::npos);
  is_mended = true;
  for (int i = 0; i < 3; ++i) {
    w.engine().admin().resume("1");
    for (int look = 0; look < 20; ++look) w.poke();
    CHECK(w.engine().admin().describe("1").value().status == stet::status::stalled);
    CHECK(w.engine().admin().describe("1").value().reason == reason);
  }
  CHECK(began == 1);
  may_return = true;
  w.until([&] { return w.engine().admin().describe("1").value().status != stet::status::stalled; });
  CHECK(w.result(run) == 7);
  CHECK(began == 1);  // its result is kept
}

}  // namespace

TEST_CASE("a stalled run is resumed while a body refers to its frame: when that has returned") {
  resume_beside([](occupied body) -> branch {
    return [body](stet::context& c) -> stet::task<void> {
      co_await c.step("slow", [&body] { body(); });
    };
  });
}

TEST_CASE("a stalled run is resumed while a body of its saga runs: when that has returned") {
  resume_beside([](occupied body) -> branch {
    return [body](stet::context& c) -> stet::task<void> {
      co_await c.saga([&](stet::saga& s) -> stet::task<> {
        co_await s.step("slow", stet::owning(body)).undo("never", [] {});
      });
    };
  });
}
