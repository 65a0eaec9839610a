// A person decides, within a week; meanwhile anyone may ask how it stands.
//
// Prints:
//   waits for the manager
//   paid 120 to ann: approved by eve
//   bob gets nothing: refused by eve
#include <cstdio>
#include <exception>
#include <stet/json.hpp>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <string>

using namespace std::chrono_literals;

struct decision {
  bool yes = false;
  std::string by;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(decision, yes, by)

inline constexpr stet::workflow<std::string(std::string, int)> Expense{"expense"};
inline constexpr stet::signal<decision> Decided{"decided"};
inline constexpr stet::query<std::string()> Status{"status"};

void pay(const std::string&, int) {}

stet::task<std::string> expense(stet::context& ctx, std::string who, int amount) {
  std::string status = "waits for the manager";
  auto telling = ctx.on(Status, [&] { return status; });

  auto decided = co_await ctx.receive(Decided, 7 * 24h);  // an optional: empty if no decision came
  if (!decided) co_return who + " gets nothing: nobody decided";
  if (!decided->yes) co_return who + " gets nothing: refused by " + decided->by;
  status = "is being paid";
  co_await ctx.step("pay", pay, who, amount);
  co_return "paid " + std::to_string(amount) + " to " + who + ": approved by " + decided->by;
}

int main(int count, char** arguments) try {
  stet::engine engine(stet::open(count > 1 ? arguments[1] : "memory:"));
  engine.define(Expense, expense);
  engine.start();
  auto ann = engine.start(Expense, "expense-1", "ann", 120);
  auto bob = engine.start(Expense, "expense-2", "bob", 9000);
  std::puts(ann.query(Status).c_str());
  ann.signal(Decided, {true, "eve"});  // durable when it returns
  bob.signal(Decided, {false, "eve"});
  std::puts(ann.result().c_str());
  std::puts(bob.result().c_str());
} catch (const std::exception& e) {
  std::fprintf(stderr, "approval: %s\n", e.what());
  return 1;
}
