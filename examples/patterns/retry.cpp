// A step that fails is tried again, as its policy says; a permanent error is not.
//
// Prints:
//   attempt 1 of order-1
//   attempt 2 of order-1
//   attempt 3 of order-1
//   order-1: receipt 42
//   attempt 1 of order-13
//   order-13: no such card (after 1 attempt)
#include <cstdio>
#include <exception>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <string>

using namespace std::chrono_literals;

inline constexpr stet::workflow<std::string(std::string)> Pay{"pay"};

// A body may ask which attempt it is, and for a key that is the same at each attempt: with that key
// a payment provider charges once, however often it is called.
std::string charge(const stet::step_context& step, const std::string& order) {
  std::printf("attempt %u of %s\n", step.attempt(), order.c_str());
  if (order == "order-13") throw stet::permanent_error("no such card");  // not tried again
  if (step.attempt() < 3) throw std::runtime_error("the line is busy");
  return "receipt 42";
}

stet::task<std::string> pay(stet::context& ctx, std::string order) {
  // co_await can't be in a catch block: try_step returns the failure as a value.
  auto paid = co_await ctx.try_step(
      "charge", {.retry = {.max_attempts = 5, .initial_interval = 20ms, .backoff = 2}}, charge,
      order);
  if (paid) co_return *paid;
  auto failed = paid.failed_as<stet::step_failed>();
  co_return failed->message() + " (after " + std::to_string(failed->attempts()) + " attempt)";
}

int main(int count, char** arguments) try {
  stet::engine engine(stet::open(count > 1 ? arguments[1] : "memory:"));
  engine.define(Pay, pay);
  engine.start();
  for (std::string order : {"order-1", "order-13"})
    std::printf("%s: %s\n", order.c_str(), engine.start(Pay, order, order).result().c_str());
} catch (const std::exception& e) {
  std::fprintf(stderr, "retry: %s\n", e.what());
  return 1;
}
