// The caller gets an answer as soon as there is one, and the workflow goes on after it.
//
// Prints:
//   reserved: seat 12A
//   confirmed seat 12A, mailed
#include <cstdio>
#include <exception>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <string>
#include <tuple>

inline constexpr stet::workflow<std::string(std::string)> Book{"book"};
inline constexpr stet::update<std::string()> Reserve{"reserve"};

std::string reserve(const std::string&) { return "seat 12A"; }
void settle(const std::string&) {}

stet::task<std::string> book(stet::context& ctx, std::string flight) {
  std::string seat;
  auto reserving = ctx.on(Reserve, [&](stet::context& c) -> stet::task<std::string> {
    co_await c.until([&] { return !seat.empty(); });
    co_return "reserved: " + seat;
  });
  seat = co_await ctx.step("reserve", reserve, flight);
  co_await ctx.step("settle", settle, seat);  // takes long
  co_await ctx.handlers_done();               // no caller's answer is cut off
  co_return "confirmed " + seat + ", mailed";
}

int main(int count, char** arguments) try {
  stet::engine engine(stet::open(count > 1 ? arguments[1] : "memory:"));
  engine.define(Book, book);
  engine.start();
  // The start and the request are one commit; the answer comes while the run goes on.
  auto reserved = engine.update_with_start(Reserve, std::tuple(), Book, "booking-1", "BA 117");
  std::puts(reserved.result().c_str());
  std::puts(engine.find(Book, "booking-1")->result().c_str());
} catch (const std::exception& e) {
  std::fprintf(stderr, "early_return: %s\n", e.what());
  return 1;
}
