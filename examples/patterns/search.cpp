// Finds runs by attributes that their workflow sets: at once, and on every store.
//
// Prints:
//   ann has 2 open orders, bob 1
//   late: order-3 (bob, 700)
//   closed: 1
#include <cstdio>
#include <exception>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <string>

inline constexpr stet::workflow<void(std::int64_t)> Order{"order"};
inline constexpr stet::signal<void> Paid{"paid"};
inline constexpr stet::attribute<std::string> Customer{"Customer"};
inline constexpr stet::attribute<std::int64_t> Cents{"Cents"};
inline constexpr stet::attribute<bool> Late{"Late"};

stet::task<void> order(stet::context& ctx, std::int64_t cents) {
  ctx.set_attributes({Cents(cents), Late(cents > 500)});
  co_await ctx.receive(Paid);
}

int main(int count, char** arguments) try {
  stet::engine engine(stet::open(count > 1 ? arguments[1] : "memory:"));
  engine.define(Order, order);
  engine.start();
  auto first = engine.start(Order, "order-1", {.attributes = {Customer("ann")}}, 100);
  engine.start(Order, "order-2", {.attributes = {Customer("ann")}}, 200);
  engine.start(Order, "order-3", {.attributes = {Customer("bob")}}, 700);
  using namespace stet::built_in;
  auto open_of = [&](const std::string& who) {
    return engine.admin().count(Customer == who && ExecutionStatus == stet::status::running);
  };
  std::printf("ann has %d open orders, bob %d\n", static_cast<int>(open_of("ann")),
              static_cast<int>(open_of("bob")));
  for (auto& r : engine.admin().list(Late == true && Cents.between(500, 1000)).runs)
    std::printf("late: %s (%s, %lld)\n", r.id.c_str(), r.attributes.get(Customer).value().c_str(),
                static_cast<long long>(*r.attributes.get(Cents)));
  first.signal(Paid);
  first.result();
  std::printf("closed: %d\n",
              static_cast<int>(engine.admin().count(ExecutionStatus == stet::status::completed)));
} catch (const std::exception& e) {
  std::fprintf(stderr, "search: %s\n", e.what());
  return 1;
}
