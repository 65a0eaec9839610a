// A run that is asked to end cleans up first, durably.
//
// Prints:
//   rented machine-1
//   gave machine-1 back: the customer left
//   cancelled
#include <cstdio>
#include <exception>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <string>
#include <thread>

using namespace std::chrono_literals;

inline constexpr stet::workflow<void()> Rent{"rent"};
inline constexpr stet::query<bool()> Ready{"ready"};

std::string rent_machine() {
  std::puts("rented machine-1");
  return "machine-1";
}
void give_back(const std::string& machine, const std::string& why) {
  std::printf("gave %s back: %s\n", machine.c_str(), why.c_str());
}

stet::task<void> rent(stet::context& ctx) {
  bool ready = false;
  auto telling = ctx.on(Ready, [&] { return ready; });
  auto machine = co_await ctx.step("rent", rent_machine);
  ready = true;
  std::string why;
  try {
    co_await ctx.sleep(std::chrono::hours(24 * 30));
    why = "the month is over";
  } catch (const stet::cancelled& c) {  // every await of a cancelled run throws it
    why = c.reason();
  }
  // Shielded: it runs to its end although the run is cancelled, and again after a crash.
  co_await stet::shield(ctx.step("give back", give_back, machine, why));
  co_await ctx.sleep(0ms);  // throws if the run was cancelled
}

int main(int count, char** arguments) try {
  stet::engine engine(stet::open(count > 1 ? arguments[1] : "memory:"));
  engine.define(Rent, rent);
  engine.start();
  auto run = engine.start(Rent, "rent-1");
  while (!run.query(Ready)) std::this_thread::sleep_for(1ms);
  run.cancel("the customer left");
  try {
    run.result();
  } catch (const stet::run_cancelled&) { std::puts("cancelled"); }
} catch (const std::exception& e) {
  std::fprintf(stderr, "cleanup: %s\n", e.what());
  return 1;
}
