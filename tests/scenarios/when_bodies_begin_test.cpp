// Which commits a body waits for before it begins, and which it doesn't wait for.
#include <atomic>
#include <thread>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Blocker{"blocker"};
inline constexpr stet::workflow<int()> Coordinator{"coordinator"};
inline constexpr stet::signal<int> News{"news"};

/// Commits up to a number go through, the others wait. The store may commit after this object is
/// gone.
class turnstile {
 public:
  explicit turnstile(faults& f) {
    f.set_hook([here = here_](store_call what, moment when, std::uint64_t number) {
      if (what != store_call::commit || when != moment::before) return;
      here->at = number;
      while (number > here->limit) std::this_thread::sleep_for(1ms);
    });
  }
  void shut() { here_->limit = here_->at.load(); }
  void open(std::uint64_t limit) { here_->limit = limit; }
  std::uint64_t at() const { return here_->at; }
  std::uint64_t limit() const { return here_->limit; }

 private:
  struct numbers {
    std::atomic<std::uint64_t> at{0}, limit{faults::for_ever};
  };
  std::shared_ptr<numbers> here_ = std::make_shared<numbers>();
};

bool comes_true(const std::function<bool()>& what) {
  for (int i = 0; i < 30'000 && !what(); ++i) std::this_thread::sleep_for(1ms);
  return what();
}

}  // namespace

TEST_CASE("a body doesn't wait for what came to its run after its step") {
  world w({.threads = 4});
  turnstile gate(*w.plan);
  std::atomic<bool> blocks{false}, may_end{false}, began{false};
  w.open([&](stet::engine& e) {
    e.define(Blocker, [&](stet::context& ctx) -> stet::task<int> {
      co_return co_await ctx.step("wait", [&] {
        blocks = true;
        while (!may_end) std::this_thread::sleep_for(1ms);
        return 0;
      });
    });
    e.define(Coordinator, [&](stet::context& ctx) -> stet::task<int> {
      auto listen = [](stet::context& c) -> stet::task<int> {
        auto n = co_await c.receive(News);
        c.log("heard");
        co_return n;
      };
      auto [mine, news] = co_await stet::all(ctx.step("begin",
                                                      [&] {
                                                        began = true;
                                                        return 1;
                                                      }),
                                             listen(ctx));
      co_return mine + news;
    });
  });
  auto blocker =
      w.engine().start(Blocker, "b");  // while its body runs, the commit thread writes blocks
  REQUIRE(comes_true([&] { return blocks.load(); }));
  gate.shut();
  auto before = gate.limit();
  std::thread starts([&] { w.engine().start(Coordinator, "c"); });
  REQUIRE(comes_true([&] { return gate.at() > before; }));  // its step is on its way to the store
  std::thread tells([&] {
    while (!began && !w.heard.heard("")) {
      try {
        w.engine().signal("c", News, 2);
        return;
      } catch (const stet::error&) { std::this_thread::sleep_for(1ms); }  // not there yet
    }
  });
  REQUIRE(comes_true([&] { return !w.heard.logs().empty(); }));  // the signal is in the next block
  CHECK(!began);
  gate.open(before + 1);
  CHECK(comes_true([&] { return began.load(); }));
  CHECK(gate.limit() == before + 1);
  gate.open(faults::for_ever);
  may_end = true;
  starts.join();
  tells.join();
  CHECK(w.result(*w.engine().find(Coordinator, "c")) == 3);
  CHECK(blocker.result() == 0);
}

TEST_CASE("a body waits for the record of its own attempt") {
  // The first attempt fails; the second may begin only when the note of that is durable.
  std::atomic<int> attempts{0};
  std::atomic<std::uint64_t> commits{0};  // the world's last commit uses it too
  std::atomic<std::uint64_t> seen[3];
  world w({.threads = 4});
  w.plan->set_hook([&](store_call what, moment when, std::uint64_t) {
    if (what == store_call::commit && when == moment::after) ++commits;
  });
  w.open([&](stet::engine& e) {
    e.define(Coordinator, [&](stet::context& ctx) -> stet::task<int> {
      stet::retry_policy at_once{.initial_interval = 0ms};
      co_return co_await ctx.step("x", {.retry = at_once}, [&] {
        auto n = attempts++;
        seen[n] = commits.load();
        if (n < 2) throw std::runtime_error("again");
        return n;
      });
    });
  });
  CHECK(w.run(Coordinator, "c") == 2);
  CHECK(seen[1] > seen[0]);
  CHECK(seen[2] > seen[1]);
}
