// Three bookings that belong together: if one can't be made, those before it are undone, whatever
// crashes in between.
//
// Prints:
//   booked hotel
//   booked flight
//   no car to be had
//   cancelled flight
//   cancelled hotel
//   the trip is off: no car to be had
#include <cstdio>
#include <exception>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <string>

inline constexpr stet::workflow<std::string(std::string)> Travel{"travel"};

std::string book(const std::string& what) {
  if (what == "car") {
    std::puts("no car to be had");
    throw stet::permanent_error("no car to be had");
  }
  std::printf("booked %s\n", what.c_str());
  return what + "-1";
}
void cancel(const std::string& booking) {
  std::printf("cancelled %s\n", booking.substr(0, booking.find('-')).c_str());
}

stet::task<std::string> travel(stet::context& ctx, std::string who) {
  auto trip = co_await stet::attempt(ctx.saga([&](stet::saga& s) -> stet::task<std::string> {
    std::string bookings;
    for (std::string what : {"hotel", "flight", "car"}) {
      // The undo is registered with the result, and runs only if the saga fails: cancel(booking).
      auto booking = co_await s.step("book", book, what).undo("cancel", cancel);
      bookings += " " + booking;
    }
    co_return who + " has" + bookings;
  }));
  if (trip) co_return *trip;
  co_return "the trip is off: " + trip.failed_as<stet::step_failed>()->message();
}

int main(int count, char** arguments) try {
  stet::engine engine(stet::open(count > 1 ? arguments[1] : "memory:"));
  engine.define(Travel, travel);
  engine.start();
  std::puts(engine.start(Travel, "trip-1", "ann").result().c_str());
} catch (const std::exception& e) {
  std::fprintf(stderr, "saga: %s\n", e.what());
  return 1;
}
