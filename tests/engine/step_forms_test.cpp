// Every form of a step in every position of an expression: live, replayed after every event, and
// after restarts.
#include <map>
#include <memory>

#include <stet/json.hpp>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace step_forms {

struct order {
  std::string item;
  int n;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(order, item, n)

}  // namespace step_forms
using step_forms::order;

namespace {

struct ticket {  // move-only, with its own codec
  std::unique_ptr<int> seat;
};

}  // namespace

template <> struct stet::codec<ticket> {
  static void encode(writer& out, const ticket& t) { out.integer(*t.seat); }
  static ticket decode(reader& in) {
    return {std::make_unique<int>(static_cast<int>(in.integer()))};
  }
};

namespace {

inline constexpr stet::workflow<int()> W{"w"};

int twice(int x) { return 2 * x; }
int over(int x) { return x; }
std::string over(const std::string& s) { return s; }
int no_throw(int x) noexcept { return x; }
void nothing(int) {}
int with_context(stet::step_context& c, int x) { return static_cast<int>(c.attempt()) * 100 + x; }
struct warehouse {
  int ship(const order& o) const { return o.n; }
  int stock = 7;
};

stet::task<int> functions(stet::context& ctx) {
  std::string longer(100, 'x');
  CHECK(co_await ctx.step("function", twice, 4) == 8);
  CHECK(co_await ctx.step("pointer", &twice, 4) == 8);
  CHECK(co_await ctx.step("noexcept", no_throw, 4) == 4);
  CHECK(co_await ctx.step(
            "overloaded", [](const std::string& s) { return over(s); }, longer) == longer);
  CHECK(co_await ctx.step("overloaded", static_cast<int (*)(int)>(over), 3) == 3);
  CHECK(co_await ctx.step("literal", [](std::string_view s) { return s.size(); }, "four") == 4);
  CHECK(co_await ctx.step("aggregate", [](const order& o) { return o.n; }, order{"a", 3}) == 3);
  CHECK(co_await ctx.step("member", &warehouse::ship, stet::unrecorded(warehouse{}),
                          order{"a", 3}) == 3);
  CHECK(co_await ctx.step("member object", &warehouse::stock,
                          stet::unrecorded(std::make_shared<warehouse>())) == 7);
  warehouse here;
  CHECK(co_await ctx.step("by reference", &warehouse::ship, stet::unrecorded(std::ref(here)),
                          order{"b", 4}) == 4);
  CHECK(co_await ctx.step(
            "secret", [](const std::string& s) { return s.size(); }, stet::unrecorded(longer)) ==
        100);
  CHECK(co_await ctx.step("context", with_context, 1) == 101);
  co_await ctx.step("void", nothing, 1);
  co_return 1;
}

stet::task<int> lambdas(stet::context& ctx) {
  std::string longer(100, 'x');
  CHECK(co_await ctx.step("by value", [longer] { return longer.size(); }) == 100);
  CHECK(co_await ctx.step("by reference", [&] { return longer.size(); }) == 100);
  CHECK(co_await ctx.step("mutable", stet::owning([n = 1]() mutable { return ++n; })) == 2);
  CHECK(co_await ctx.step("owning", stet::owning([longer] { return longer.size(); })) == 100);
  CHECK(co_await ctx.step("options", {.retry = {.max_attempts = 5}, .timeout = 30s}, twice, 5) ==
        10);
  CHECK(co_await ctx.step("options, lambda", {.timeout = 30s}, [&] { return longer; }) == longer);
  CHECK(co_await ctx.step("empty options", {}, twice, 5) == 10);
  CHECK(co_await ctx.step("inline", {.run_inline = true}, twice, 5) == 10);
  constexpr stet::step_options patient{.retry = {.max_attempts = 3, .initial_interval = 1h},
                                       .at_most_once = true};
  CHECK(co_await ctx.step("named options", patient, twice, 6) == 12);
  CHECK(co_await ctx.step("dynamic name " + longer, twice, 1) == 2);
  co_await ctx.step("void", [] {});
  auto seat =
      co_await ctx.step("moves", [](int n) { return ticket{std::make_unique<int>(n)}; }, 12);
  CHECK(*seat.seat == 12);
  using rows = std::map<std::string, std::vector<std::optional<int>>>;
  auto table = co_await ctx.step("containers", [] { return rows{{"a", {1, std::nullopt}}}; });
  CHECK((table.at("a").size() == 2 && !table.at("a")[1]));
  auto held =
      ctx.step("held " + longer, [](const std::string& x) { return x.size(); }, longer + longer);
  longer.clear();
  CHECK(co_await std::move(held) == 200);
  co_return 1;
}

stet::task<int> positions(stet::context& ctx) {
  int s = co_await ctx.step("a", twice, 1) + co_await ctx.step("b", twice, 2);
  CHECK(s == 6);
  if (int x = co_await ctx.step("if", twice, 3); x == 6)
    s += co_await ctx.step("?:", twice, x > 5 ? co_await ctx.step("c", twice, 1) : 0);
  CHECK(s == 10);
  for (int i = 0; i < co_await ctx.step("bound", twice, 2); ++i) s += i;
  CHECK(s == 16);
  while (co_await ctx.step("while", [&] { return s < 20; })) ++s;
  switch (co_await ctx.step("switch", twice, 1)) {
    case 2: break;
    default: CHECK(false);
  }
  auto three = [] { return std::vector<std::string>(3, std::string(50, 'r')); };
  for (auto& x : co_await ctx.step("range", three)) CHECK(x.size() == 50);
  for (auto& x : *co_await ctx.try_step("range", three)) CHECK(x.size() == 50);
  std::vector<int> v{co_await ctx.step("init", twice, 1), co_await ctx.step("list", twice, 2)};
  CHECK(v[1] == 4);
  auto pair = co_await ctx.step("pair", [] { return std::pair(std::string(60, 'p'), 2); });
  CHECK((pair.first.size() == 60 && pair.second == 2));
  CHECK((co_await ctx.step("true", [] { return true; }) &&
         !(co_await ctx.step("false", [] { return false; }))));
  auto fine = co_await ctx.try_step("fine", twice, 2);
  CHECK((fine && *fine == 4));
  CHECK((co_await ctx.try_step("value_or", [] {
          throw stet::permanent_error("x");
          return 1;
        })).value_or(9) == 9);
  co_return s;
}

/// The workflow ends in a sleep, so that a restart replays all steps.
template <class F> void check(F f) {
  everywhere([&](world& w) {
    w.open([&](stet::engine& e) {
      e.define(W, [&](stet::context& ctx) -> stet::task<int> {
        int n = co_await f(ctx);
        co_await ctx.sleep(1h);
        co_return n;
      });
    });
    w.engine().start(W, "w");
    w.settle();
    auto records = w.engine().admin().describe("w").value().records;
    w.restart();
    int first = w.run(W, "w");
    CHECK(first > 0);
    CHECK(w.engine().admin().describe("w").value().records == records + 2);
    CHECK(w.heard.problems().size() <= 1);
  });
}

}  // namespace

TEST_CASE("functions, members and pointers are steps, with their arguments") { check(functions); }
TEST_CASE("lambdas are steps, with and without captures and options") { check(lambdas); }
TEST_CASE("a step may stand wherever an expression may") { check(positions); }
