// The workflows of the golden stores. Today's code must finish the runs in a store of an earlier
// Stet. A change of these workflows would make the existing stores useless: add others instead.
#pragma once
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <stet/stet.hpp>
#if STET_TESTS_HAVE_SODIUM && STET_TESTS_HAVE_ZSTD
#include <stet/encryption.hpp>
#include <stet/zstd.hpp>
#endif

namespace stet_golden {

using namespace std::chrono_literals;

inline constexpr stet::workflow<int(int)> Steps{"steps"};
inline constexpr stet::workflow<std::string()> Served{"served"};
inline constexpr stet::workflow<int(int)> Parent{"parent"};
inline constexpr stet::workflow<std::string()> Cart{"cart"};
inline constexpr stet::workflow<std::string()> Publish{"publish"};
inline constexpr stet::workflow<int(int)> Count{"count"};
inline constexpr stet::workflow<long(std::string, std::string, long)> Transfer{"transfer"};
inline constexpr stet::workflow<std::string(std::string)> Travel{"travel"};
inline constexpr stet::workflow<int(int)> Messenger{"messenger"};
inline constexpr stet::workflow<int()> Late{"late"};  // not defined when the stores are killed
inline constexpr stet::workflow<void()> Refused{"refused"};
inline constexpr stet::workflow<std::string()> Patched{"patched"};
inline constexpr stet::workflow<std::string()> Moved{"moved"};  // from version "1" to "2"
inline constexpr stet::workflow<int()> Keeper{"keeper"};        // the sum of a blob
inline constexpr stet::workflow<std::string(std::string)> Sealed{"sealed"};

inline constexpr stet::query<std::string()> Content{"content"};
inline constexpr stet::update<int(std::string)> Add{"add"};
inline constexpr stet::update<std::string(std::string)> Ship{"ship"};
inline constexpr stet::signal<> Close{"close"};
inline constexpr stet::promise<bool> Review{"review"};
inline constexpr stet::signal<int> Number{"number"};
inline constexpr stet::table<std::string, long> Accounts{"accounts"};
inline constexpr stet::attribute<std::string> Customer{"Customer"};
inline constexpr stet::attribute<std::int64_t> Cents{"Cents"};
inline constexpr stet::attribute<bool> Express{"Express"};
inline constexpr stet::attribute<double> Weight{"Weight"};

/// The state of the outside world: closed when the stores are made, open when they are finished.
struct outside {
  bool is_open = false;
};

inline void define_talks(stet::engine& e) {
  e.define(Cart, [](stet::context& ctx) -> stet::task<std::string> {
    std::string content;
    auto telling = ctx.on(Content, [&] { return content; });
    auto adding = ctx.on(Add, [&](const std::string& what) {
      content += what + " ";
      return static_cast<int>(content.size());
    });
    auto shipping = ctx.on(Ship, [&](stet::context& c, std::string to) -> stet::task<std::string> {
      co_await c.sleep(2h);
      co_return "parcel to " + to;
    });
    co_await ctx.receive(Close);
    co_await ctx.handlers_done();
    co_return content;
  });
  e.define(Publish, [](stet::context& ctx) -> stet::task<std::string> {
    auto review = ctx.promise(Review);
    ctx.set_details(review.token());
    auto good = co_await review.wait(7 * 24h);
    co_return !good ? "nobody looked" : *good ? "published" : "withdrawn";
  });
  e.define(Count, [](stet::context& ctx, int sum) -> stet::task<int> {
    for (int read = 0; read < 2; ++read) {
      auto n = co_await ctx.receive(Number);
      if (n == 0) co_return sum;
      sum += n;
    }
    co_return co_await ctx.continue_as_new(Count, sum);
  });
  e.define(Messenger, [](stet::context& ctx, int n) -> stet::task<int> {
    co_await ctx.signal("count", Number, n);
    co_await ctx.sleep(30min);
    co_await ctx.signal("count", Number, 0);
    co_return n;
  });
}

inline void define_steps(stet::engine& e, const outside& o) {
  e.define(Steps, [](stet::context& ctx, int n) -> stet::task<int> {
    ctx.set_attributes(
        {Customer(n % 2 ? "ann" : "bob"), Cents(n * 100), Express(n > 2), Weight(n / 4.0)});
    int sum = 0;
    for (int i = 0; i < n; ++i) {
      sum += co_await ctx.step("work", [](int m) { return m * m; }, i);
      co_await ctx.sleep(1h);
    }
    co_return sum;
  });
  e.define(Served, [&o](stet::context& ctx) -> stet::task<std::string> {
    co_return co_await ctx.step("ask",
                                {.retry = {.initial_interval = 10min, .backoff = 1, .jitter = 0}},
                                [&o]() -> std::string {
                                  if (!o.is_open) throw std::runtime_error("the shop is closed");
                                  return "served";
                                });
  });
  e.define(Parent, [](stet::context& ctx, int n) -> stet::task<int> {
    std::string id(ctx.id());
    auto parts =
        co_await stet::all(ctx.child(Steps, id + "/a", n), ctx.child(Steps, id + "/b", n + 1));
    co_return std::get<0>(parts) + std::get<1>(parts);
  });
  e.define(
      Transfer,
      [](stet::context& ctx, std::string from, std::string to, long cents) -> stet::task<long> {
        auto left = co_await ctx.transact("debit", [&](stet::transaction& tx) {
          auto a = tx.get(Accounts, from).value_or(0) - cents;
          tx.put(Accounts, from, a);
          return a;
        });
        co_await ctx.sleep(3h);
        co_await ctx.transact("credit", [&](stet::transaction& tx) {
          tx.put(Accounts, to, tx.get(Accounts, to).value_or(0) + cents);
        });
        co_return left;
      });
  e.define(Travel, [](stet::context& ctx, std::string who) -> stet::task<std::string> {
    auto trip = co_await stet::attempt(ctx.saga([&](stet::saga& s) -> stet::task<std::string> {
      auto hotel = co_await s.step("hotel", [] { return std::string("hotel-1"); })
                       .undo("cancel", [](std::string) {});
      co_await ctx.sleep(1h);
      co_await ctx.step("car", [] { throw stet::permanent_error("no car"); });
      co_return hotel;
    }));
    co_return trip ? who + " travels" : who + " stays";
  });
  e.define(Refused, [](stet::context& ctx) -> stet::task<void> {
    co_await ctx.step("ask", [] { throw stet::permanent_error("never"); });
  });
}

inline void define_changes(stet::engine& e) {
  e.define(Patched, [](stet::context& ctx) -> stet::task<std::string> {
    std::string said;
    if (ctx.patched("greet")) said = co_await ctx.step("greet", [] { return std::string("hi"); });
    co_await ctx.sleep(3h);
    co_return said;
  });
  for (std::string version : {"2", "1"})  // new runs begin with the version defined last
    e.define(Moved, {.version = version}, [version](stet::context& ctx) -> stet::task<std::string> {
      co_await ctx.sleep(3h);
      co_return version;
    });
  e.define(Keeper, [](stet::context& ctx) -> stet::task<int> {
    auto film = co_await ctx.step(
        "make", [](stet::step_context& s) { return s.keep(std::string(3000, 'f')); });
    co_await ctx.sleep(3h);
    co_return co_await ctx.step(
        "look", [film](stet::step_context& s) { return static_cast<int>(s.read(film).size()); });
  });
  e.define(Sealed, [](stet::context& ctx, std::string text) -> stet::task<std::string> {
    auto again = co_await ctx.step("again", [](std::string t) { return t + t; }, text);
    co_await ctx.sleep(3h);
    co_return again;
  });
}

inline void define_late(stet::engine& e) {
  e.define(Late, [](stet::context& ctx) -> stet::task<int> {
    co_await ctx.sleep(90min);
    co_return 7;
  });
}

/// Defines all workflows, as today's engine has them.
inline void define_all(stet::engine& e, const outside& o) {
  define_steps(e, o);
  define_talks(e);
  define_changes(e);
  define_late(e);
}

/// The transforms that the second life had for its payloads. Empty if this build lacks them.
inline std::vector<std::shared_ptr<stet::payload_transform>> transforms() {
#if STET_TESTS_HAVE_SODIUM && STET_TESTS_HAVE_ZSTD
  return {stet::zstd(), std::make_shared<stet::encryption>(
                            "golden", std::string(stet::encryption::key_bytes, 'g'))};
#else
  return {};
#endif
}

/// The result that every run must have, by id.
inline const std::map<std::string, int> numbers{
    {"steps-0", 0},    {"steps-1", 0},    {"steps-2", 1},    {"steps-3", 5},
    {"steps-4", 14},   {"parent-1", 1},   {"parent-2", 6},   {"count", 12},
    {"messenger", 5},  {"late", 7},       {"parent-1/a", 0}, {"parent-1/b", 1},
    {"parent-2/a", 1}, {"parent-2/b", 5}, {"steps-new", 1},  {"keeper", 3000}};
inline const std::map<std::string, std::string> texts{
    {"served", "served"}, {"cart", "tea milk "}, {"publish", "published"},  {"trip", "ann stays"},
    {"patched", "hi"},    {"moved", "2"},        {"sealed", "secretsecret"}};

}  // namespace stet_golden
