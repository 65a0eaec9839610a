// A step that fails again and again is reported with what a person needs to act on it.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(unsigned)> Pay{"pay"};

struct failing_step {
  std::string workflow, id, step, error, text;
  unsigned attempt = 0;
  std::uint64_t run = 0;
};

/// Keeps the events about steps that fail.
struct attentive final : stet::listener {
  void event(const stet::engine_event& e) override {
    if (e.kind != stet::event_kind::step_keeps_failing) return;
    std::lock_guard lock(mutex);
    all.push_back({std::string(e.workflow), std::string(e.workflow_id), std::string(e.step),
                   std::string(e.error), std::string(e.text), e.attempt, e.run});
  }
  std::mutex mutex;
  std::vector<failing_step> all;
};

}  // namespace

TEST_CASE("a step that fails again and again is reported, ever more rarely") {
  everywhere([](world& w) {
    auto& heard = w.listen<attentive>();
    w.open([](stet::engine& e) {
      e.define(Pay, [](stet::context& ctx, unsigned fails) -> stet::task<int> {
        co_return co_await ctx.step(
            "charge", {.retry = {.initial_interval = 1s, .backoff = 1, .jitter = 0}},
            [](stet::step_context& s, unsigned n) {
              if (s.attempt() <= n) throw std::runtime_error("no " + std::to_string(s.attempt()));
              return 1;
            },
            fails);
      });
    });
    CHECK(w.run(Pay, "well", 4u) == 1);
    CHECK(heard.all.empty());
    CHECK(w.run(Pay, "order\n7", 45u) == 1);
    std::vector<unsigned> attempts;
    for (auto& e : heard.all) attempts.push_back(e.attempt);
    CHECK(attempts == std::vector<unsigned>{5, 10, 20, 40});
    for (auto& e : heard.all) {
      CHECK(e.workflow == "pay");
      CHECK(e.id == "order\n7");
      CHECK(e.step == "charge");
      CHECK(e.error == "no " + std::to_string(e.attempt));
      CHECK(e.run == w.engine().admin().describe("order\n7").value().run);
      CHECK(e.text.find('\n') == std::string::npos);
      CHECK(e.text.find("has failed " + std::to_string(e.attempt) + " times") != std::string::npos);
    }
    w.close();
  });
}

TEST_CASE("failures are counted over restarts") {
  everywhere_by_hand([](world& w) {
    auto& heard = w.listen<attentive>();
    w.open([](stet::engine& e) {
      e.define(Pay, [](stet::context& ctx, unsigned) -> stet::task<int> {
        co_return co_await ctx.step("charge",
                                    {.retry = {.initial_interval = 1h, .backoff = 1, .jitter = 0}},
                                    []() -> int { throw std::runtime_error("no"); });
      });
    });
    w.engine().start(Pay, "p", 0u);
    w.settle();
    for (int i = 0; i < 5; ++i) {
      w.restart();
      w.pass(2h);
    }
    CHECK(heard.all.size() == 1);
    w.close();
  });
}
