// A workflow and its test: a month in no time, a card that is declined twice, a crash at every
// commit.
//
// Prints:
//   30 days later: thanks, ann
//   3 attempts
//   as promised, wherever it crashes
#include <cstdio>
#include <exception>
#include <memory>
#include <stet/stet.hpp>
#include <stet/testing.hpp>
#include <string>

using std::chrono::days;

inline constexpr stet::workflow<std::string(std::string)> Trial{"trial"};

// The world outside, as the workflow sees it.
struct shop {
  virtual ~shop() = default;
  virtual void charge(const std::string& who, const std::string& key) = 0;
};
struct real_shop final : shop {
  void charge(const std::string&, const std::string&) override {}
};
struct counting_shop final : shop {
  explicit counting_shop(stet::testing::effects& w) : world(w) {}
  void charge(const std::string& who, const std::string& key) override {
    world.hit_once("charge " + who, key);
  }
  stet::testing::effects& world;
};

auto trial(shop& s) {
  return [&s](stet::context& ctx, std::string who) -> stet::task<std::string> {
    co_await ctx.sleep(days(30));
    co_await ctx.step("charge", [&](stet::step_context& c) { s.charge(who, c.idempotency_key()); });
    co_return "thanks, " + who;
  };
}

int main() try {
  real_shop real;
  stet::testing::environment env([&](stet::engine& e) { e.define(Trial, trial(real)); });
  auto& charge = env.mock("charge").fails(2, "declined");
  const auto before = env.now();
  const auto thanks = env.run(Trial, "ann", "ann");
  std::printf("%d days later: %s\n", static_cast<int>((env.now() - before) / days(1)),
              thanks.c_str());
  std::printf("%u attempts\n", charge.calls());

  std::unique_ptr<counting_shop> counting;
  auto report = stet::testing::crash_everywhere(
      [&](stet::engine& e, stet::testing::effects& world) {
        counting = std::make_unique<counting_shop>(world);
        e.define(Trial, trial(*counting));
      },
      Trial, "ann");
  std::puts(report.ok() ? "as promised, wherever it crashes" : report.text().c_str());
} catch (const std::exception& e) {
  std::fprintf(stderr, "tested: %s\n", e.what());
  return 1;
}
