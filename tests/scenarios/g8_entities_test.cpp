// Entities: keyed objects that do one thing at a time.
#include <algorithm>
#include <atomic>
#include <map>
#include <thread>
#include <vector>

#include <stet/check.hpp>
#include <stet/entity.hpp>

#include "tests/support/tables.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

using cart = std::vector<std::string>;
inline constexpr stet::entity<cart> Cart{"cart"};
inline constexpr stet::update<int(std::string)> Add{"add"};
inline constexpr stet::update<cart()> Buy{"buy"};
inline constexpr stet::update<int(std::string)> Give{"give"};
inline constexpr stet::query<cart()> Items{"items"};
inline constexpr stet::workflow<int(int)> Shop{"shop"};
inline constexpr stet::update<int(int)> Go2{"go"};
inline constexpr stet::table<std::string, int> Sold{"sold"};

int add(cart& c, std::string item) {
  c.push_back(std::move(item));
  return static_cast<int>(c.size());
}
/// Takes its time: nothing else is done to this cart meanwhile.
stet::task<cart> buy(stet::context& ctx, cart& c) {
  auto size = c.size();
  co_await ctx.sleep(1h);
  co_await ctx.transact("sell", [&](stet::transaction& tx) {
    tx.put(Sold, c.empty() ? "nothing" : c[0], static_cast<int>(c.size()));
  });
  if (c.size() != size) throw std::logic_error("somebody was here");
  co_return std::exchange(c, {});
}
/// Hands all it has to another cart.
stet::task<int> give(stet::context& ctx, cart& c, std::string to) {
  int n = 0;
  for (auto& item : c) n = co_await ctx.call(Cart, to, Add, item);
  c.clear();
  co_return n;
}
void refuse_empty(const cart& c, const std::string& item) {
  if (item.empty()) throw std::runtime_error("an item has a name");
  if (c.size() > 5000) throw std::runtime_error("full");
}
void define_cart(stet::engine& e) {
  e.define(Cart, stet::on(Add, refuse_empty, add), stet::on(Buy, buy), stet::on(Give, give),
           stet::on(Items, [](const cart& c) { return c; }));
}
/// Puts n things into "ann", reads them, has them handed to "bob".
stet::task<int> shop(stet::context& ctx, int n) {
  for (int i = 0; i < n; ++i) co_await ctx.call(Cart, "ann", Add, "item " + std::to_string(i));
  auto seen = co_await ctx.call(Cart, "ann", Items);
  auto given = co_await ctx.call(Cart, "ann", Give, "bob");
  auto after = co_await ctx.call(Cart, "ann", Items);
  co_return static_cast<int>(seen.size()) * 100 + given * 10 + static_cast<int>(after.size());
}
void define_all(stet::engine& e) {
  define_cart(e);
  e.define(Shop, shop);
}

}  // namespace

TEST_CASE("an entity is called from workflows, each call once, whatever dies and when") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.check = 1}, cell{.lmdb = true}}) {
    at_every_commit(
        c, [](world&, stet::engine& e) { define_all(e); },
        [](world& w) {
          auto result = w.result(w.engine().run(Shop, "s", 3));
          CHECK(result == 330);
          w.close();
          w.reopen();
        },
        [](world& w, death) {
          w.plan->heal();
          CHECK(w.engine().call(Cart, "bob", Items) == cart{"item 0", "item 1", "item 2"});
          CHECK(w.engine().call(Cart, "ann", Items).empty());
          w.close();
          auto report = stet::check(*w.store());
          CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
        });
  }
}

TEST_CASE("calls of an entity are done one at a time, in their order; queries at any time") {
  everywhere([](world& w) {
    w.open(define_all);
    auto& e = w.engine();
    CHECK(e.call(Cart, "ann", Items).empty());  // it was never called
    CHECK(!e.describe("cart/ann"));
    CHECK(e.call(Cart, "ann", Add, "a") == 1);
    auto cart_run = e.find(Cart.as_workflow(), "cart/ann");
    REQUIRE(cart_run);
    auto bought = cart_run->start_update(Buy);
    auto b = cart_run->start_update(Add, "b");
    auto c = cart_run->start_update(Add, "c");
    w.settle();
    CHECK(!b.wait_for(0ms));
    CHECK(e.call(Cart, "ann", Items) == cart{"a"});
    w.restart();
    w.settle();
    CHECK(w.engine().call(Cart, "ann", Items) == cart{"a"});
    w.finish();
    auto& again = w.engine();
    auto run = again.find(Cart.as_workflow(), "cart/ann");
    CHECK(again.call(Cart, "ann", Items) == cart{"b", "c"});
    CHECK(entries_of(again, Sold) == std::map<std::string, int>{{"a", 1}});
    CHECK(again.count("WorkflowType = 'cart' AND ExecutionStatus = 'Running'") == 1);
  });
}

TEST_CASE("what a call throws, and what a validator refuses, is the caller's; the entity goes on") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      define_cart(e);
      e.define(Shop, [](stet::context& ctx, int) -> stet::task<int> {
        auto refused = co_await stet::attempt(ctx.call(Cart, "ann", Add, ""));
        auto unknown = co_await stet::attempt(ctx.update("cart/ann", Go2, 1));
        auto nobody = co_await stet::attempt(ctx.update("nobody", Go2, 1));
        co_return (refused ? 0 : 1) + (unknown ? 0 : 10) + (nobody ? 0 : 100) +
            static_cast<int>((co_await ctx.call(Cart, "ann", Items)).size()) * 1000;
      });
    });
    auto& e = w.engine();
    CHECK(e.call(Cart, "ann", Add, "x") == 1);
    CHECK(what_throws([&] { e.call(Cart, "ann", Add, ""); }).code == stet::errc::rejected);
    CHECK(w.run(Shop, "s", 0) == 1111);
    CHECK(e.call(Cart, "ann", Add, "y") == 2);
    CHECK(what_throws([&] { e.call(Cart, std::string(300, 'k'), Add, "x"); }).code ==
          stet::errc::usage);
    CHECK(what_throws([&] { e.call(Cart, "ann", Add, {.id = "stet:1.2"}, "x"); }).says("stet:"));
    CHECK(e.call(Cart, "ann", Add, {.id = "once"}, "z") == 3);
    CHECK(e.call(Cart, "ann", Add, {.id = "once"}, "z") == 3);
    CHECK(e.call(Cart, "ann", Items).size() == 3);
  });
}

TEST_CASE("an entity lives longer than its history: state and waiting calls go over") {
  everywhere_by_hand([](world& w) {
    if (w.where.check) return;  // quadratic in the history
    w.open(define_all);
    auto& e = w.engine();
    constexpr int calls = 2300;  // two records each: once over the suggestion
    std::vector<stet::update_handle<int>> waiting;
    e.call(Cart, "ann", Add, "0");
    auto run = *e.find(Cart.as_workflow(), "cart/ann");
    for (int i = 1; i < calls; ++i) {
      if (i == 1900) {  // they wait behind one that takes an hour, while the history grows
        (void)run.start_update(Buy);
        for (int k = 0; k < 3; ++k) waiting.push_back(run.start_update(Add, "w"));
        w.finish();
        for (auto& h : waiting) CHECK(h.wait_for(0ms));
      }
      e.call(Cart, "ann", Add, std::to_string(i));
    }
    CHECK(e.call(Cart, "ann", Items).size() == 3 + calls - 1900);
    CHECK(e.list("WorkflowId = 'cart/ann'").runs.size() == 2);
    w.restart();
    CHECK(w.engine().call(Cart, "ann", Items).size() == 3 + calls - 1900);
    CHECK(w.engine().call(Cart, "ann", Add, "last") == 4 + calls - 1900);
  });
}

TEST_CASE("what waits when an entity's history ends is done by the next run, and answered") {
  everywhere_by_hand([](world& w) {
    if (w.where.check || (w.where.lmdb && w.where.resident == 0)) return;  // quadratic
    w.open([](stet::engine& e) {
      define_cart(e);
      e.define(Shop, [](stet::context& ctx, int n) -> stet::task<int> {
        co_return co_await ctx.call(Cart, "ann", Add, "from " + std::to_string(n));
      });
    });
    auto& e = w.engine();
    e.call(Cart, "ann", Add, "first");
    auto run = *e.find(Cart.as_workflow(), "cart/ann");
    for (int i = 0; i < 2050; ++i) (void)run.start_update(Buy);  // three records each, and an hour
    auto behind = run.start_update(Add, "behind");
    auto shop_run = e.run(Shop, "s", 1);
    auto last = run.start_update(Add, "last");
    w.finish();
    CHECK(behind.result() == 1);
    CHECK(shop_run.result() == 2);
    CHECK(last.result() == 3);
    CHECK(e.list("WorkflowId = 'cart/ann'").runs.size() >= 2);
    CHECK(e.call(Cart, "ann", Items) == cart{"behind", "from 1", "last"});
  });
}

TEST_CASE("an entity that ends leaves nobody waiting, and begins anew") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      define_cart(e);
      e.define(Shop, [](stet::context& ctx, int) -> stet::task<int> {
        auto bought = co_await stet::attempt(ctx.call(Cart, "ann", Buy));
        co_return bought ? 1 : 2;
      });
    });
    auto& e = w.engine();
    e.call(Cart, "ann", Add, "a");
    auto one = e.run(Shop, "one", 0), other = e.run(Shop, "other", 0);
    w.settle();
    e.terminate("cart/ann");
    CHECK(w.result(one) == 2);
    CHECK(w.result(other) == 2);
    CHECK(e.call(Cart, "ann", Add, "b") == 1);
    CHECK(w.run(Shop, "third", 0) == 1);
    CHECK(e.erase("cart/ann", {.terminate = true}) == 2);
    CHECK(e.call(Cart, "ann", Items).empty());
  });
}

TEST_CASE("many callers of one entity from many threads: none is lost, none counts twice") {
  world w(cell{.threads = 4});
  w.open(define_all);
  std::atomic<int> sum = 0;
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t)
    callers.emplace_back([&] {
      for (int i = 0; i < 100; ++i) sum += w.engine().call(Cart, "ann", Add, "x");
    });
  for (auto& t : callers) t.join();
  CHECK(sum == 400 * 401 / 2);
}
