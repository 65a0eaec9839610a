// Events, calls and starts that together are more than one commit takes.
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <stet/memory.hpp>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> Asks{"asks"};
inline constexpr stet::workflow<std::string(std::string)> Echo{"echo"};
inline constexpr stet::signal<int> Go{"go"};
inline constexpr stet::signal<std::string> Word{"word"};

/// A store with a small limit for values, so that an event is soon too large for a commit.
class short_values final : public stet::forwarding_store {
 public:
  using forwarding_store::forwarding_store;
  void commit(const stet::batch& b, stet::durability d) override {
    for (auto& o : b.operations())
      if (o.what == stet::batch::kind::put && o.value.size() > longest)
        throw stet::store_error(stet::errc::usage, "a commit", "", 0, "a value is too long",
                                stet::commit_outcome::refused);
    inner_->commit(b, d);
  }
  stet::store_info info() const override {
    auto i = inner_->info();
    i.value_bytes_max = longest;
    return i;
  }
  static constexpr std::size_t longest = std::size_t{1} << 20;
};

}  // namespace

TEST_CASE("an event that is larger than a commit stalls its run, and the engine goes on [S152]") {
  for (std::string how : {"asks for too much", "is sent too much"}) {
    CAPTURE(how);
    auto contents = stet::memory::make_contents();
    recorder heard;
    stet::engine_options o{.threads = 0,
                           .commits = stet::durability::process,
                           .payload_bytes_max = 16 << 10,
                           .listener = &heard};
    auto live = [&](const std::function<void(stet::engine&)>& act) {
      stet::engine e(std::make_unique<short_values>(stet::memory::open(contents)), o);
      e.define(Asks, [&](stet::context& ctx, int steps) -> stet::task<int> {
        if (steps == 0) {
          co_await ctx.receive(Go);
          co_return co_await ctx.continue_as_new(Asks, 1);
        }
        co_await ctx.step("one", [] { return 1; });
        std::vector<std::string> items(static_cast<std::size_t>(steps), std::string(15'000, 'x'));
        co_await stet::map(items, [](stet::context& c, const std::string& text) {
          return c.step("x", [](const std::string&) {}, text);
        });
        co_return steps;
      });
      e.define(Echo, [](stet::context& ctx, std::string s) -> stet::task<std::string> {
        co_return co_await ctx.step("s", [&] { return s; });
      });
      e.start();
      act(e);
    };
    auto is_well = [&](stet::engine& e, const std::string& id) {
      auto run = e.start(Echo, id, "well");
      e.run_until_idle(1min);
      CHECK(run.result() == "well");
    };
    live([&](stet::engine& e) {
      if (how == "asks for too much") {
        e.start(Asks, "a", 60);
      } else {
        e.start(Asks, "a", 0);
        for (int i = 0; i < 60; ++i) e.signal("a", Word, std::string(15'000, 'x'));
        e.signal("a", Go, 1);
      }
      e.run_until_idle(1min);
      CHECK(e.admin().describe("a").value().status == stet::status::stalled);
      CHECK(e.admin().describe("a").value().reason.find("one commit takes") != std::string::npos);
      is_well(e, "w1");
    });
    live([&](stet::engine& e) {
      e.run_until_idle(1min);
      CHECK(e.admin().describe("a").value().status == stet::status::stalled);
      is_well(e, "w2");
      if (how == "asks for too much") e.start(Asks, "enough", 12);
      e.run_until_idle(1min);
      if (how == "asks for too much") CHECK(e.find(Asks, "enough")->result() == 12);
    });
    CHECK(!heard.heard("the engine stopped"));
  }
}

TEST_CASE("many calls of one turn, and many starts at once, are more than one commit") {
  auto contents = stet::memory::make_contents();
  recorder heard;
  stet::engine e(std::make_unique<short_values>(stet::memory::open(contents)),
                 {.threads = 2,
                  .commits = stet::durability::process,
                  .payload_bytes_max = 64 << 10,
                  .listener = &heard});
  e.define(Echo, [](stet::context& ctx, std::string s) -> stet::task<std::string> {
    co_return s + co_await ctx.receive(Word);
  });
  e.start();
  std::vector<std::pair<std::string, std::tuple<std::string>>> all;
  for (int i = 0; i < 10; ++i) all.emplace_back("r" + std::to_string(i), std::string(60'000, 'x'));
  auto what = what_throws([&] { (void)e.start_all(Echo, all); });
  CHECK(what.code == stet::errc::payload);
  CHECK(what.says("start them in several parts"));
  CHECK(e.admin().count() == 0);
  all.resize(4);
  CHECK(e.start_all(Echo, all).size() == 4);
  std::vector<std::thread> callers;
  for (int i = 0; i < 40; ++i)
    callers.emplace_back([&, i] {
      e.signal("r" + std::to_string(i % 4), stet::signal<std::string>{"another"},
               std::string(60'000, 'y'));
    });
  for (auto& c : callers) c.join();
  for (int i = 0; i < 4; ++i) e.signal("r" + std::to_string(i), Word, "!");
  for (int i = 0; i < 4; ++i)
    CHECK(e.find(Echo, "r" + std::to_string(i))->result().size() == 60'001);
  CHECK(!heard.heard("the engine stopped"));
  CHECK(what_throws([] {
          stet::engine(std::make_unique<short_values>(stet::memory::open()), {});
        }).says("payload_bytes_max is at most a sixteenth"));
}
