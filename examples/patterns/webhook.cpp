// The service of another company calls back, days later, with a token that we gave it.
//
// Prints:
//   the bank has our token
//   paid: 1000 cents
//   the second call changes nothing
#include <condition_variable>
#include <cstdio>
#include <exception>
#include <mutex>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <string>

using namespace std::chrono_literals;

inline constexpr stet::workflow<std::string(int)> Collect{"collect"};
inline constexpr stet::promise<int> Payment{"payment"};

// The bank: it keeps the token until it has the money.
struct {
  std::mutex mutex;
  std::condition_variable has_token;
  std::string token;
} bank;

void ask_bank(int, const std::string& token) {
  std::lock_guard lock(bank.mutex);
  bank.token = token;
  bank.has_token.notify_one();
}

stet::task<std::string> collect(stet::context& ctx, int cents) {
  auto payment = ctx.promise(Payment);  // durable before the bank gets the token
  co_await ctx.step("ask the bank", ask_bank, cents, payment.token());
  auto paid = co_await payment.wait(30 * 24h);
  co_return paid ? "paid: " + std::to_string(*paid) + " cents" : "never paid";
}

int main(int count, char** arguments) try {
  stet::engine engine(stet::open(count > 1 ? arguments[1] : "memory:"));
  engine.define(Collect, collect);
  engine.start();
  auto run = engine.start(Collect, "invoice-7", 1000);

  // The web server does this when the bank calls: here in another process, after a restart.
  std::unique_lock lock(bank.mutex);
  bank.has_token.wait(lock, [] { return !bank.token.empty(); });
  std::puts("the bank has our token");
  engine.resolve(Payment, bank.token, 1000);
  std::puts(run.result().c_str());
  if (!engine.resolve(Payment, bank.token, 5)) std::puts("the second call changes nothing");
} catch (const std::exception& e) {
  std::fprintf(stderr, "webhook: %s\n", e.what());
  return 1;
}
