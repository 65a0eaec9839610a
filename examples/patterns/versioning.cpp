// Three builds of one program, and runs that outlive them. A preview tells, before a build starts,
// which runs it would stall. A run stays with the version it began with, and can be moved to
// another that fits.
//
// Prints:
//   build 2 without version 1 would stall: trip-1, trip-2
//   trip-1 by version 1: booked, mailed
//   trip-2 by version 2: booked, sent to the phone
//   trip-3 by version 2: booked, sent to the phone
//   trip-4 stays with version 1
#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <stet/memory.hpp>
#include <stet/stet.hpp>
#include <string>
#include <thread>

inline constexpr stet::workflow<std::string()> Travel{"travel"};
inline constexpr stet::signal<> Paid{"paid"};

std::string book() { return "booked"; }
std::string mail() { return "mailed"; }
std::string push() { return "sent to the phone"; }

stet::task<std::string> travel_1(stet::context& ctx) {
  auto said = co_await ctx.step("book", book);
  co_await ctx.receive(Paid);
  said += ", " + co_await ctx.step("mail", mail);
  co_await ctx.receive(Paid);
  co_return said;
}
stet::task<std::string> travel_2(stet::context& ctx) {
  auto said = co_await ctx.step("book", book);
  co_await ctx.receive(Paid);
  said += ", " + co_await ctx.step("push", push);
  co_await ctx.receive(Paid);
  co_return said;
}
void only_1(stet::engine& e) { e.define(Travel, {.version = "1"}, travel_1); }
void only_2(stet::engine& e) { e.define(Travel, {.version = "2"}, travel_2); }
void both(stet::engine& e) {
  only_1(e);
  only_2(e);  // defined last: new runs begin with it
}

/// One process: a build of the program, on the store that the build before it has left.
void with_build(const std::shared_ptr<stet::memory::contents>& store,
                const std::function<void(stet::engine&)>& define,
                const std::function<void(stet::engine&)>& life) {
  stet::engine engine(stet::memory::open(store));
  define(engine);
  life(engine);
}

/// Waits until the steps of the run are done, and it waits for a payment.
void wait_for_steps(stet::engine& engine, const char* id) {
  auto waits = [&] {
    auto info = engine.admin().describe(id);
    return info->waits_for.size() == 1 && info->waits_for[0].kind == stet::wait_kind::condition;
  };
  while (!waits()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void say(stet::engine& engine, const char* id) {
  engine.signal(id, Paid);
  engine.signal(id, Paid);
  auto text = engine.find(Travel, id)->result();
  std::printf("%s by version %s: %s\n", id, engine.admin().describe(id)->version.c_str(),
              text.c_str());
}

int main() try {
  auto store = stet::memory::make_contents();
  with_build(store, only_1, [](stet::engine& e) {
    e.start();
    for (auto* id : {"trip-1", "trip-2"}) e.start(Travel, id);
    for (auto* id : {"trip-1", "trip-2"}) wait_for_steps(e, id);
  });
  with_build(store, only_2, [](stet::engine& e) {  // it looks, and doesn't start
    std::string ids;
    auto p = e.preview();
    for (auto run = p.stalled.rbegin(); run != p.stalled.rend(); ++run)
      ids += (ids.empty() ? "" : ", ") + run->id;
    std::printf("build 2 without version 1 would stall: %s\n", ids.c_str());
  });
  with_build(store, both, [](stet::engine& e) {
    e.start();
    say(e, "trip-1");
    e.admin().move("trip-2", "2");  // its history so far fits
    say(e, "trip-2");
    e.start(Travel, "trip-3");
    say(e, "trip-3");
  });
  with_build(store, only_1, [](stet::engine& e) {
    e.start();
    e.start(Travel, "trip-4").signal(Paid);
    wait_for_steps(e, "trip-4");
  });
  with_build(store, both, [](stet::engine& e) {
    e.start();
    try {
      e.admin().move("trip-4", "2");  // it has been mailed already
    } catch (const stet::error& refused) {
      if (refused.code() == stet::errc::rejected) std::puts("trip-4 stays with version 1");
    }
  });
} catch (const std::exception& e) {
  std::fprintf(stderr, "versioning: %s\n", e.what());
  return 1;
}
