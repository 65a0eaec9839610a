// all, any, map, with_timeout, with_scope, shield, attempt: alone and nested, live and replayed.
#include <map>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> W{"w"};

int twice(int x) { return 2 * x; }
stet::task<int> leaf(stet::context& ctx, int x) {
  co_await ctx.sleep(1s);
  co_return co_await ctx.step("leaf", twice, x);
}
stet::task<std::string> nested(stet::context& ctx, int depth) {
  if (depth == 0) co_return std::to_string(co_await leaf(ctx, 1));
  auto deeper = co_await nested(ctx, depth - 1);
  co_return deeper + "." + std::to_string(depth);
}
stet::task<> nothing(stet::context& ctx) { co_await ctx.sleep(1ms); }
stet::task<int> fails_after(stet::context& ctx, stet::duration d) {
  co_await ctx.sleep(d);
  throw std::runtime_error("after " + std::to_string(d.count()));
}
/// Cleans up durably if it loses, and returns a value then, too.
stet::task<int> tidy(stet::context& ctx) {
  bool lost = false;
  try {
    co_await ctx.sleep(10h);
  } catch (const stet::cancelled&) { lost = true; }
  if (lost) co_await stet::shield(ctx.step("clean", twice, 1));
  co_return -1;
}

stet::task<int> joins(stet::context& ctx) {
  auto both = co_await stet::all(ctx.step("a", twice, 1), leaf(ctx, 2));
  static_assert(std::is_same_v<decltype(both), std::tuple<int, int>>);
  CHECK(both == std::tuple(2, 4));
  auto three = co_await stet::all(ctx.step("n", twice, 5), ctx.sleep(1s), nested(ctx, 3));
  static_assert(std::is_same_v<decltype(three), std::tuple<int, std::monostate, std::string>>);
  CHECK((std::get<0>(three) == 10 && std::get<2>(three) == "2.1.2.3"));
  int outer = 7;
  auto handed = co_await stet::all(
      [&](stet::context& c) -> stet::task<int> {
        co_await c.sleep(1s);
        co_return outer;
      },
      [&] { return ctx.step("made", twice, outer); });
  CHECK(handed == std::tuple(7, 14));
  std::vector<stet::task<int>> many;
  many.reserve(5);
  for (int i = 0; i < 5; ++i) many.push_back(leaf(ctx, i));
  CHECK(co_await stet::all(std::move(many)) == std::vector{0, 2, 4, 6, 8});
  std::vector<stet::task<>> voids;
  voids.reserve(3);
  for (int i = 0; i < 3; ++i) voids.push_back(nothing(ctx));
  co_await stet::all(std::move(voids));
  CHECK((co_await stet::all(std::vector<stet::task<int>>{})).empty());
  std::string what;
  try {
    co_await stet::all(tidy(ctx), fails_after(ctx, 5s), tidy(ctx));
  } catch (const std::runtime_error& e) { what = e.what(); }
  CHECK(what == "after 5000");
  auto tried = co_await stet::try_all(ctx.step("fine", twice, 1), fails_after(ctx, 5s));
  CHECK((*std::get<0>(tried) == 2 && std::get<1>(tried).failed_as<std::runtime_error>()));
  co_return 1;
}

stet::task<int> races(stet::context& ctx) {
  auto first = co_await stet::any(ctx.sleep(3s), leaf(ctx, 21));
  static_assert(std::is_same_v<decltype(first), std::variant<std::monostate, int>>);
  CHECK((first.index() == 1 && std::get<1>(first) == 42));
  std::string what;
  try {
    co_await stet::any(fails_after(ctx, 1s), ctx.sleep(1h));
  } catch (const std::runtime_error& e) { what = e.what(); }
  CHECK(what == "after 1000");
  std::vector<stet::task<int>> racers;
  racers.reserve(3);
  for (int i = 0; i < 3; ++i) racers.push_back(leaf(ctx, i));
  auto w = co_await stet::any(std::move(racers));
  CHECK(w.value == 2 * static_cast<int>(w.index));  // the bodies run on threads, so any may win
  auto late = co_await stet::with_timeout(1s, tidy(ctx));
  static_assert(std::is_same_v<decltype(late), std::optional<int>>);
  CHECK(!late);
  CHECK((co_await stet::with_timeout(1h, leaf(ctx, 8))).value() == 16);
  bool in_time = co_await stet::with_timeout(1s, ctx.sleep(1h));
  CHECK((!in_time && co_await stet::with_timeout(1h, nothing(ctx))));
  auto deep = co_await stet::all(stet::any(ctx.sleep(1s), stet::all(ctx.sleep(2s), ctx.sleep(3s))),
                                 stet::with_timeout(1s, stet::all(leaf(ctx, 1), ctx.sleep(5s))),
                                 stet::attempt(fails_after(ctx, 1s)));
  CHECK((std::get<0>(deep).index() == 0 && !std::get<1>(deep) && !std::get<2>(deep)));
  co_return 1;
}

/// Every combinator of a list, with an empty one.
stet::task<int> empties(stet::context& ctx) {
  using none = std::vector<stet::task<int>>;
  auto refused = [](const auto& o) {
    auto e = o.template failed_as<stet::error>();
    return e && e->code() == stet::errc::usage &&
           std::string(e->what()).find("an empty list") != std::string::npos;
  };
  CHECK(refused(co_await stet::attempt(stet::any(none{}))));
  CHECK(refused(co_await stet::attempt(stet::first_success(none{}))));
  CHECK(refused(co_await stet::attempt(stet::with_timeout(1h, stet::any(none{})))));
  CHECK((co_await stet::all(none{})).empty());
  co_await stet::all(std::vector<stet::task<>>{});
  const std::vector<int> items;
  CHECK((co_await stet::map(items, [&](int i) { return leaf(ctx, i); })).empty());
  CHECK((co_await stet::try_map(items, {.concurrency = 1}, [&](int i) {
          return leaf(ctx, i);
        })).empty());
  co_return 1;
}

stet::task<int> maps(stet::context& ctx) {
  std::vector<int> items(20);
  for (int i = 0; i < 20; ++i) items[static_cast<std::size_t>(i)] = i;
  int running = 0, most = 0;
  auto mapped = co_await stet::map(items, {.concurrency = 4},
                                   [&](stet::context& c, int i) -> stet::task<std::string> {
                                     most = std::max(most, ++running);
                                     co_await c.sleep(stet::duration(100 - i));
                                     --running;
                                     co_return std::to_string(i);
                                   });
  CHECK((most == 4 && mapped.size() == 20 && mapped[19] == "19"));
  auto at_once = co_await stet::map(items, [&](int i) { return ctx.step("m", twice, i); });
  auto one_by_one = co_await stet::map(std::vector(items), {.concurrency = 1},
                                       [&](int i) { return ctx.step("m", twice, i); });
  CHECK(at_once == one_by_one);
  co_await stet::map(std::map<std::string, int>{{"a", 1}},
                     [&](auto& kv) { return ctx.sleep(kv.second * 1ms); });
  auto outcomes = co_await stet::map(items, {.concurrency = 8}, [&](int i) {
    return stet::attempt(i % 2 ? fails_after(ctx, 1s) : leaf(ctx, i));
  });
  CHECK((outcomes[2] && *outcomes[2] == 4 && !outcomes[3]));
  std::string what;
  try {
    co_await stet::map(items, {.concurrency = 3},
                       [&](int i) { return i == 2 ? fails_after(ctx, 1s) : tidy(ctx); });
  } catch (const std::runtime_error& e) { what = e.what(); }
  CHECK(what == "after 1000");
  CHECK((co_await stet::map(std::vector<int>{}, [&](int i) {
          return ctx.step("m", twice, i);
        })).empty());
  co_return 1;
}

stet::task<int> scopes(stet::context& ctx) {
  auto inner = co_await stet::with_scope([&](stet::scope& s) -> stet::task<int> {
    auto r = co_await stet::all(
        [&](stet::context& c) -> stet::task<> {
          co_await c.sleep(1s);
          s.cancel("enough");
        },
        tidy(ctx));
    CHECK(
        (std::get<1>(r) == -1 && s.is_cancelled()));  // a branch may end with a value all the same
    co_await ctx.sleep(1s);                           // but the scope goes no further
    co_return 0;
  });
  CHECK(!inner);
  auto whole = co_await stet::with_scope(
      [&](stet::scope&) -> stet::task<int> { co_return co_await ctx.step("s", twice, 4); });
  CHECK(whole == 8);
  auto outer_fails =
      co_await stet::attempt(stet::with_scope([&](stet::scope&) { return fails_after(ctx, 1s); }));
  CHECK(outer_fails.failed_as<std::runtime_error>());
  auto twice_over = co_await stet::with_scope([&](stet::scope& a) -> stet::task<int> {
    auto r = co_await stet::with_scope([&](stet::scope&) -> stet::task<int> {
      a.cancel("the outer one");
      co_await ctx.sleep(1h);
      co_return 1;
    });
    co_return r.value_or(2);  // not reached: the outer scope was cancelled
  });
  CHECK(!twice_over);
  co_return 1;
}

template <class F> void check(F f) {
  everywhere([&](world& w) {
    w.open([&](stet::engine& e) {
      e.define(W, [&](stet::context& ctx) -> stet::task<int> {
        int n = co_await f(ctx);
        co_await ctx.sleep(1000h);
        co_return n;
      });
    });
    w.engine().start(W, "w");
    w.settle();
    w.pass(1s);
    w.restart();
    w.pass(5s);
    w.restart();
    CHECK(w.run(W, "w") == 1);
    for (auto& p : w.heard.problems()) CHECK(p.find("stalled") == std::string::npos);
  });
}

/// Tolerates elements that fail, up to a bound.
stet::task<int> tolerates(stet::context&) {
  std::vector<int> items{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  int begun = 0;
  auto odd_fails = [&](stet::context& c, int i) -> stet::task<int> {
    ++begun;
    co_await c.sleep(stet::duration(1 + i));
    if (i % 2 == 1) throw std::runtime_error("odd " + std::to_string(i));
    co_return i;
  };
  auto all = co_await stet::try_map(items, {.concurrency = 3}, odd_fails);
  static_assert(std::is_same_v<decltype(all), std::vector<stet::outcome<int>>>);
  CHECK(all.size() == 10);
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(all[i].has_value() == (i % 2 == 0));
    if (all[i]) CHECK(*all[i] == static_cast<int>(i));
    else CHECK(all[i].failed_as<std::runtime_error>()->what() == "odd " + std::to_string(i));
  }
  auto just = co_await stet::try_map(items, {.failures_max = 5}, odd_fails);
  CHECK(just.size() == 10);
  begun = 0;
  std::string what;
  try {
    (void)co_await stet::try_map(items, {.concurrency = 1, .failures_max = 2}, odd_fails);
  } catch (const std::runtime_error& e) { what = e.what(); }
  CHECK((what == "odd 5" && begun == 6));
  auto none = co_await stet::attempt(stet::try_map(items, {.failures_max = 0}, odd_fails));
  CHECK(none.failed_as<std::runtime_error>()->what() == std::string("odd 1"));
  auto nothing_to_do = co_await stet::try_map(std::vector<int>{}, odd_fails);
  auto voids = co_await stet::try_map(items, [](stet::context& c, int) { return nothing(c); });
  CHECK((nothing_to_do.empty() && voids.size() == 10 && voids[9].has_value()));
  co_return 1;
}

}  // namespace

TEST_CASE("all waits for all, in any shape, and cancels the rest when one fails") { check(joins); }
TEST_CASE("any and with_timeout have one winner, and end when the losers have cleaned up") {
  check(races);
}
TEST_CASE("a list without operations has a result, or an error that says that it is empty") {
  check(empties);
}
TEST_CASE("map runs so many at a time, and gives the results in the order of the items") {
  check(maps);
}
TEST_CASE("a scope ends what is in it, as a value") { check(scopes); }

TEST_CASE("try_map gives each element's outcome, and ends when one failure too many has come") {
  check(tolerates);
}
