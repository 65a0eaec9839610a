// A workflow that takes months. Here a clock of our own makes them pass at once; with the machine's
// clock the workflow prints the same.
//
// Prints:
//   day 0: welcome, ann
//   day 30: a tip for ann
//   day 365: ann, a year!
#include <cstdio>
#include <exception>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <string>

using std::chrono::days;

inline constexpr stet::workflow<void(std::string)> Onboard{"onboard"};

class set_clock final : public stet::clock {
 public:
  stet::time_point wall() noexcept override { return stet::time_point(days(20'000)) + passed_; }
  stet::duration steady() noexcept override { return passed_; }
  void set(stet::time_point t) { passed_ = t - stet::time_point(days(20'000)); }

 private:
  stet::duration passed_{};
};

void mail(const std::string& text, int day) { std::printf("day %d: %s\n", day, text.c_str()); }

stet::task<void> onboard(stet::context& ctx, std::string who) {
  const auto first = ctx.now();
  auto day = [&] { return static_cast<int>((ctx.now() - first) / days(1)); };
  co_await ctx.step("mail", mail, "welcome, " + who, day());
  co_await ctx.sleep(days(30));
  co_await ctx.step("mail", mail, "a tip for " + who, day());
  co_await ctx.sleep_until(first + days(365));
  co_await ctx.step("mail", mail, who + ", a year!", day());
}

int main(int count, char** arguments) try {
  set_clock clock;
  // Manual mode: the engine has no thread of its own. A program with a loop of its own drives the
  // engine, and asks when to call again.
  stet::engine engine(stet::open(count > 1 ? arguments[1] : "memory:"),
                      {.threads = 0, .clock = &clock});
  engine.define(Onboard, onboard);
  engine.start();
  engine.start(Onboard, "ann", "ann");
  engine.run_until_idle();
  while (auto wake = engine.next_wakeup()) {
    clock.set(*wake);
    engine.run_until_idle();
  }
} catch (const std::exception& e) {
  std::fprintf(stderr, "long_sleep: %s\n", e.what());
  return 1;
}
