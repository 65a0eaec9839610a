// Entities: objects with a key that do one thing at a time.
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

/// A text whose codec fails when a test says so.
struct note {
  std::string text;
};
bool codec_fails = false;

}  // namespace

namespace stet {
template <> struct codec<note> {
  static void encode(writer& w, const note& n) {
    if (codec_fails && n.text.size() > 10) throw std::runtime_error("no dictionary");
    w.text(n.text);
  }
  static note decode(reader& r) { return {std::string(r.text())}; }
};
}  // namespace stet

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

inline constexpr stet::entity<note> Log{"log"};
inline constexpr stet::update<int(std::string)> Write{"write"};
inline constexpr stet::update<void(int)> Cut{"cut"};
inline constexpr stet::workflow<int(int)> Writer{"writer"};
inline constexpr stet::entity<int> Tally{"tally"};
inline constexpr stet::update<int(int)> Plus{"plus"};
inline constexpr stet::update<int(std::string)> Relay{"relay"};
inline constexpr stet::signal<> Noise{"noise"};

int write_on(note& n, const std::string& more) {
  n.text += more;
  return static_cast<int>(n.text.size());
}
void define_log(stet::engine& e) {
  e.define(Log, stet::on(Write, write_on),
           stet::on(Cut, [](note& n, int size) { n.text.resize(static_cast<std::size_t>(size)); }));
}
void define_tally(stet::engine& e) {
  e.define(Tally, stet::on(Plus, [](int& sum, int n) { return sum += n; }),
           stet::on(Relay, [](stet::context& ctx, int& sum, std::string to) -> stet::task<int> {
             auto there = co_await ctx.call(Tally, to, Plus, 1);
             co_return sum + there;
           }));
}

int add(cart& c, std::string item) {
  c.push_back(std::move(item));
  return static_cast<int>(c.size());
}
/// Takes its time; meanwhile no other handler of this cart runs.
stet::task<cart> buy(stet::context& ctx, cart& c) {
  auto size = c.size();
  co_await ctx.sleep(1h);
  co_await ctx.transact("sell", [&](stet::transaction& tx) {
    tx.put(Sold, c.empty() ? "nothing" : c[0], static_cast<int>(c.size()));
  });
  if (c.size() != size) throw std::logic_error("somebody was here");
  co_return std::exchange(c, {});
}
/// Hands everything it has to another cart.
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
/// Puts n things into "ann", reads them, and has "ann" hand them to "bob".
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
          auto result = w.result(w.engine().start(Shop, "s", 3));
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
    CHECK(!e.admin().describe("cart/ann"));
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
    CHECK(again.admin().count("WorkflowType = 'cart' AND ExecutionStatus = 'Running'") == 1);
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
    constexpr int calls = 2300;  // two records each: above the suggested length once
    std::vector<stet::update_handle<int>> waiting;
    e.call(Cart, "ann", Add, "0");
    auto run = *e.find(Cart.as_workflow(), "cart/ann");
    for (int i = 1; i < calls; ++i) {
      if (i == 1900) {  // they wait for one that takes an hour, while the history grows
        (void)run.start_update(Buy);
        for (int k = 0; k < 3; ++k) waiting.push_back(run.start_update(Add, "w"));
        w.finish();
        for (auto& h : waiting) CHECK(h.wait_for(0ms));
      }
      e.call(Cart, "ann", Add, std::to_string(i));
    }
    CHECK(e.call(Cart, "ann", Items).size() == 3 + calls - 1900);
    CHECK(e.admin().list("WorkflowId = 'cart/ann'").runs.size() == 2);
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
    for (int i = 0; i < 2050; ++i) (void)run.start_update(Buy);  // three records and an hour each
    auto behind = run.start_update(Add, "behind");
    auto shop_run = e.start(Shop, "s", 1);
    auto last = run.start_update(Add, "last");
    w.finish();
    CHECK(behind.result() == 1);
    CHECK(shop_run.result() == 2);
    CHECK(last.result() == 3);
    CHECK(e.admin().list("WorkflowId = 'cart/ann'").runs.size() >= 2);
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
    auto one = e.start(Shop, "one", 0), other = e.start(Shop, "other", 0);
    w.settle();
    e.terminate("cart/ann");
    CHECK(w.result(one) == 2);
    CHECK(w.result(other) == 2);
    CHECK(e.call(Cart, "ann", Add, "b") == 1);
    CHECK(w.run(Shop, "third", 0) == 1);
    CHECK(e.admin().erase("cart/ann", {.terminate = true}) == 2);
    CHECK(e.call(Cart, "ann", Items).empty());
  });
}

TEST_CASE("an entity isn't cancelled, since its state would end with it: the request is refused") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      define_cart(e);
      e.define(Shop, [](stet::context& ctx, int) -> stet::task<int> {
        try {
          co_await ctx.cancel("cart/ann", "closing time");
        } catch (const stet::error& e) {
          const bool says_why = std::string(e.what()).find("is an entity") != std::string::npos;
          co_return says_why ? static_cast<int>(e.code()) : -2;
        }
        co_return -1;
      });
    });
    auto& e = w.engine();
    e.call(Cart, "ann", Add, "a");
    auto refused = what_throws([&] { e.cancel("cart/ann"); });
    CHECK(refused.code == stet::errc::usage);
    CHECK(refused.says("'cart/ann'"));
    CHECK(refused.says("terminate"));
    CHECK(what_throws([&] { e.find(Cart.as_workflow(), "cart/ann")->cancel(); }).thrown);
    CHECK(w.run(Shop, "shop", 0) == static_cast<int>(stet::errc::usage));
    w.settle();
    CHECK(e.call(Cart, "ann", Add, "b") == 2);
    w.restart();
    CHECK(w.engine().call(Cart, "ann", Items) == cart{"a", "b"});
    w.engine().terminate("cart/ann");
    w.engine().cancel("cart/ann");  // it has ended
    CHECK(w.engine().call(Cart, "ann", Add, "new") == 1);
  });
}

TEST_CASE("an entity keeps its state though a program that doesn't define it took a cancellation") {
  everywhere_by_hand([](world& w) {
    w.open(define_cart);
    w.engine().call(Cart, "ann", Add, "a");
    w.close();
    w.open([](stet::engine&) {});
    w.engine().cancel("cart/ann", "tidying up");
    w.settle();
    w.close();
    w.open(define_cart);
    w.settle();
    CHECK(w.engine().call(Cart, "ann", Add, "b") == 2);
    w.restart();
    CHECK(w.engine().call(Cart, "ann", Items) == cart{"a", "b"});
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

TEST_CASE("a state that is too long doesn't go over, says so, and goes over when it is shorter") {
  constexpr std::size_t limit = 64 << 10;
  for (cell c : {cell{}, cell{.lmdb = true}}) {
    world w(c);
    w.options.payload_bytes_max = limit;
    w.open(define_log);
    std::string line(40, 'x');
    int written = 0;
    for (int i = 0; i < 2300; ++i) {
      if (i == 2200) w.restart();
      written += 40;
      CHECK(w.engine().call(Log, "ann", Write, line) == written);
    }
    CHECK(w.engine().admin().describe("log/ann").value().previous == 0);
    auto logs = w.heard.logs();
    auto told = std::count_if(logs.begin(), logs.end(), [&](auto& line) {
      return line.find(std::to_string(limit)) != std::string::npos;
    });
    CHECK(told >= 1);  // once in each life in which it grew
    CHECK(told <= 2);
    w.engine().call(Log, "ann", Cut, 7);
    for (int i = 1; i < 60; ++i) CHECK(w.engine().call(Log, "ann", Write, "y") == 7 + i);
    CHECK(w.engine().admin().describe("log/ann").value().previous != 0);
    w.restart();
    CHECK(w.engine().call(Log, "ann", Write, "y") == 67);
    w.close();
    auto report = stet::check(*w.store());
    CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
  }
}

TEST_CASE("a codec that throws when an entity goes over stalls it, and nothing is lost") {
  for (bool by_hand : {true, false}) {
    world w;
    w.open(define_log);
    int calls = 0, refused = 0;
    for (; calls < 2100; ++calls) {
      auto id = std::to_string(calls);
      auto call = [&] { return w.engine().call(Log, "ann", Write, {.id = id}, "x"); };
      codec_fails = calls >= 2040 && refused == 0;
      int length = calls + 1;
      auto thrown = what_throws([&] { length = call(); });
      CHECK(length == calls + 1);
      if (!thrown.thrown) continue;
      ++refused;
      CHECK(thrown.code == stet::errc::run_stalled);
      CHECK(thrown.says("no dictionary"));
      codec_fails = false;
      if (by_hand) w.engine().admin().resume("log/ann");
      else w.restart();
      w.settle();
      CHECK(call() == calls + 1);
    }
    CHECK(refused == 1);
    CHECK(w.engine().admin().describe("log/ann").value().previous != 0);
    CHECK(w.engine().call(Log, "ann", Write, "x") == calls + 1);
  }
}

TEST_CASE("an entity doesn't fail by its own code: it stalls, until a build that is right") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Log, stet::on(Write, write_on), stet::on(Write, write_on));
    });
    CHECK(what_throws([&] { w.engine().call(Log, "ann", Write, {.id = "1"}, "x"); }).code ==
          stet::errc::run_stalled);
    CHECK(w.engine().admin().describe("log/ann").value().status == stet::status::stalled);
    w.close();
    w.open(define_log);
    w.settle();
    CHECK(w.engine().call(Log, "ann", Write, {.id = "1"}, "x") == 1);
  });
}

TEST_CASE("an entity that has failed, by an older build, isn't begun anew by a call") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Log.as_workflow(), {.accident = stet::accident::fail},
               [](stet::context&, note) -> stet::task<void> {
                 throw std::runtime_error("lost");
                 co_return;
               });
    });
    auto run = w.engine().start(Log.as_workflow(), "log/ann", note{"kept"});
    CHECK(what_throws([&] { w.result(run); }).code == stet::errc::run_failed);
    w.close();
    w.open([](stet::engine& e) {
      define_log(e);
      e.define(Writer, [](stet::context& ctx, int) -> stet::task<int> {
        try {
          co_return co_await ctx.call(Log, "ann", Write, "x");
        } catch (const stet::error& e) { co_return e.code() == stet::errc::run_ended ? -1 : -2; }
      });
    });
    auto refused = what_throws([&] { w.engine().call(Log, "ann", Write, "x"); });
    CHECK(refused.code == stet::errc::run_ended);
    CHECK(refused.says("has failed"));
    CHECK(w.run(Writer, "w", 0) == -1);
    auto repaired = w.engine().start(Log.as_workflow(), "log/ann", {.reuse = stet::id_reuse::allow},
                                     note{"kept"});
    CHECK(w.engine().call(Log, "ann", Write, "x") == 5);
    (void)repaired;
  });
}

TEST_CASE("a call that waits behind many unread signals when its entity goes over is done once") {
  for (int polls = 0; polls < 6; ++polls) {
    CAPTURE(polls);
    world w;
    w.open(define_tally);
    auto& e = w.engine();
    e.call(Tally, "ann", Plus, 1);
    auto ann = *e.find(Tally.as_workflow(), "tally/ann");
    for (int i = 0; i < 1400; ++i) ann.signal(Noise);
    for (int i = 0; i < 1300; ++i) e.call(Tally, "ann", Plus, 1);
    w.settle();
    auto relay = ann.start_update(Relay, {.id = "relay"}, "bob");
    for (int i = 0; i < 120; ++i) ann.signal(Noise);
    auto waits = ann.start_update(Plus, {.id = "once"}, 1000);
    for (int i = 0; i < polls; ++i) (void)e.poll();
    auto again = ann.start_update(Plus, {.id = "once"}, 1000);
    w.finish();
    CHECK(relay.result() == 1302);
    CHECK(waits.result() == 2301);
    CHECK(again.result() == 2301);
    CHECK(e.call(Tally, "ann", Plus, 0) == 2301);
    CHECK(e.admin().describe("tally/ann").value().previous != 0);
  }
}
