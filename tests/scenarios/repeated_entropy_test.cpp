// An entropy source that gives the same numbers at each start.
#include <set>
#include <string>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Number{"number"};
inline constexpr stet::signal<int> Go{"go"};
inline constexpr stet::update<int(int)> Add{"add"};

}  // namespace

TEST_CASE("an entropy that repeats itself at each start confuses no updates and no keys") {
  struct repeats final : stet::entropy {
    std::uint64_t bits() noexcept override { return ++last; }
    std::uint64_t last = 41;
  };
  for (bool lmdb : {false, true}) {
    world w({.lmdb = lmdb});
    repeats entropy;
    w.options.entropy = &entropy;
    std::set<std::string> keys;
    w.open([&](stet::engine& e) {
      e.define(Number, [&](stet::context& ctx) -> stet::task<int> {
        int sum = 0;
        auto adds = ctx.on(Add, [&](int i) { return sum += i; });
        co_await ctx.step("s", {.run_inline = true},
                          [&](stet::step_context& s) { keys.insert(s.idempotency_key()); });
        co_await ctx.receive(Go);
        co_return sum;
      });
    });
    for (int life = 0; life < 3; ++life) {
      entropy.last = 41;
      w.restart();
      w.engine().start(Number, "x" + std::to_string(life));
      w.settle();
      for (int i = 0; i <= life; ++i) (void)w.engine().update("x" + std::to_string(i), Add, 10);
    }
    w.engine().signal("x0", Go, 1);
    CHECK(w.result(*w.engine().find(Number, "x0")) == 30);
    CHECK(keys.size() == 3);
  }
}
