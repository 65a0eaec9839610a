// The user's own entries in the engine's store: context::transact and engine::transact.
#include <algorithm>
#include <atomic>
#include <limits>
#include <map>
#include <thread>

#include <stet/check.hpp>

#include "tests/support/bytes.hpp"
#include "tests/support/tables.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<long(std::string, std::string, long)> Move{"move"};
inline constexpr stet::workflow<std::string()> Text{"text"};
inline constexpr stet::workflow<void(int)> Count{"count"};
inline constexpr stet::table<std::string, long> Accounts{"accounts"};
inline constexpr stet::table<int, int> Numbers{"numbers"};

stet::task<long> move(stet::context& ctx, std::string from, std::string to, long cents) {
  auto left = co_await ctx.transact("debit", [&](stet::transaction& tx) {
    auto a = tx.get(Accounts, from).value_or(0);
    if (a < cents) throw std::runtime_error("too little");
    tx.put(Accounts, from, a - cents);
    return a - cents;
  });
  co_await ctx.sleep(1h);
  co_await ctx.transact("credit", [&](stet::transaction& tx) {
    tx.put(Accounts, to, tx.get(Accounts, to).value_or(0) + cents);
  });
  co_return left;
}

std::map<std::string, long> all_accounts(stet::engine& e) { return entries_of(e, Accounts); }

}  // namespace

TEST_CASE("a transaction and its result are one commit: done once, whatever dies and when") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.check = 1}, cell{.lmdb = true}}) {
    at_every_commit(
        c, [](world&, stet::engine& e) { e.define(Move, move); },
        [](world& w) {
          // This is called again after a crash, so it writes only if there is no entry yet.
          w.engine().transact([](stet::transaction& tx) {
            if (!tx.get(Accounts, "ann")) tx.put(Accounts, "ann", 100);
          });
          auto one = w.engine().start(Move, "one", "ann", "bob", 30);
          auto other = w.engine().start(Move, "other", "ann", "cid", 20);
          auto sum = w.result(one) + w.result(other);
          CHECK((sum == 120 || sum == 130));  // 70 and 50, or 80 and 50
          w.close();
          w.reopen();
        },
        [](world& w, death) {
          auto expected = std::map<std::string, long>{{"ann", 50}, {"bob", 30}, {"cid", 20}};
          auto found = all_accounts(w.engine());
          CHECK(found == expected);
          w.plan->heal();
          w.close();
          auto report = stet::check(*w.store());
          CHECK_MESSAGE(report.ok(), (report.problems.empty() ? "" : report.problems[0]));
        });
  }
}

TEST_CASE("a transaction that throws has written nothing, and isn't tried again") {
  everywhere([](world& w) {
    // It isn't in the body, since the coroutine, and the body with it, may be rebuilt between
    // attempts.
    std::atomic<int> tried{0};
    w.open([&tried](stet::engine& e) {
      e.define(Move, move);
      e.define(Text, [&tried](stet::context& ctx) -> stet::task<std::string> {
        int attempts = 0;
        auto never =
            co_await stet::attempt(ctx.transact("throws", [](stet::transaction& tx) -> int {
              tx.put(Accounts, "lost", 1);
              throw std::runtime_error("no");
            }));
        attempts += never.failed_as<stet::step_failed>()->attempts();
        auto late = co_await ctx.transact("third time", {.retry = {.initial_interval = 1ms}},
                                          stet::owning([&tried](stet::transaction& tx) {
                                            int n = ++tried;
                                            tx.put(Accounts, "tried", n);
                                            if (n < 3) throw std::runtime_error("not yet");
                                            return n;
                                          }));
        co_return std::to_string(attempts) + " " + std::to_string(late);
      });
    });
    CHECK(w.run(Text, "t") == "1 3");
    auto too_little = w.engine().start(Move, "m", "nobody", "bob", 1);
    w.finish();
    CHECK_THROWS_AS(too_little.result(), stet::run_failed);
    auto all = all_accounts(w.engine());
    CHECK(all.count("lost") == 0);
    CHECK(all["tried"] == 3);
    CHECK(all.count("bob") == 0);
    CHECK_THROWS_AS(w.engine().transact([](stet::transaction& tx) {
      tx.put(Accounts, "lost", 1);
      throw std::logic_error("no");
    }),
                    std::logic_error);
    CHECK(all_accounts(w.engine()) == all);
  });
}

TEST_CASE("transactions run one after another, and each sees those before it") {
  everywhere([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Count, [](stet::context& ctx, int n) -> stet::task<void> {
        for (; n > 0; --n)
          co_await ctx.transact("count", [](stet::transaction& tx) {
            tx.put(Numbers, 1, tx.get(Numbers, 1).value_or(0) + 1);
          });
      });
    });
    std::vector<stet::run_handle<void>> runs;
    for (int i = 0; i < 20; ++i) runs.push_back(w.engine().start(Count, std::to_string(i), 5));
    for (auto& r : runs) w.result(r);
    auto counted = w.engine().transact([](stet::transaction& tx) { return tx.get(Numbers, 1); });
    CHECK(counted == 100);
    w.restart();
    counted = w.engine().transact([](stet::transaction& tx) { return tx.get(Numbers, 1); });
    CHECK(counted == 100);
  });
}

TEST_CASE("a scan gives what is there, in order, with what the transaction itself has written") {
  everywhere_by_hand([](world& w) {
    STET_SAYS_SEED();
    random_source random;
    w.open([](stet::engine&) {});
    std::map<int, int> expected;
    auto all = [&](bool backward) {
      std::vector<std::pair<int, int>> found;
      w.engine().transact([&](stet::transaction& tx) {
        tx.scan(Numbers, {.backward = backward}, [&](int k, int v) { found.emplace_back(k, v); });
      });
      if (backward) std::reverse(found.begin(), found.end());
      return std::map<int, int>(found.begin(), found.end()).size() == found.size() &&
             std::equal(
                 found.begin(), found.end(), expected.begin(), expected.end(),
                 [](auto& a, auto& b) { return a.first == b.first && a.second == b.second; });
    };
    for (int round = 0; round < 60; ++round) {
      w.engine().transact([&](stet::transaction& tx) {
        for (int i = 0; i < 10; ++i) {
          int key = static_cast<int>(random.below(40)) - 20;
          if (random.below(3) == 0) {
            bool was = expected.erase(key) == 1;
            CHECK(tx.erase(Numbers, key) == was);
          } else {
            expected[key] = round;
            tx.put(Numbers, key, round);
          }
        }
        std::map<int, int> own;
        tx.scan(Numbers, {.from = -5, .to = 6}, [&](int k, int v) { own[k] = v; });
        auto from = expected.lower_bound(-5), to = expected.lower_bound(6);
        CHECK((own == std::map<int, int>(from, to)));
        int seen = 0;
        tx.scan(Numbers, [&](int, int) { return ++seen < 3; });
        CHECK(seen == std::min<int>(3, static_cast<int>(expected.size())));
      });
      CHECK(all(false));
      CHECK(all(true));
      if (round % 20 == 19) w.restart();
    }
  });
}

TEST_CASE("keys lie in the order of what they stand for") {
  enum class colour : std::uint8_t { red = 1, green = 200 };
  using key = std::tuple<std::string, std::int64_t, colour>;
  static constexpr stet::table<key, int> Keyed{"keyed"};
  static constexpr stet::table<std::int64_t, int> Signed{"signed"};
  world w(cell{});
  w.open([](stet::engine&) {});
  std::vector<key> keys;
  for (auto& text : {std::string(), std::string("a"), std::string("a\0", 2), std::string("a\0b", 3),
                     std::string("ab"), std::string("\xff\xff")})
    for (std::int64_t n : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1},
                           std::int64_t{0}, std::numeric_limits<std::int64_t>::max()})
      for (auto c : {colour::red, colour::green}) keys.emplace_back(text, n, c);
  std::vector<key> found;
  w.engine().transact([&](stet::transaction& tx) {
    for (auto at = keys.rbegin(); at != keys.rend(); ++at) tx.put(Keyed, *at, 1);
    tx.put(Signed, 7, 7);
    tx.scan(Keyed, [&](const key& k, int) { found.push_back(k); });
  });
  CHECK(std::is_sorted(keys.begin(), keys.end()));
  CHECK(found == keys);
  auto refused = what_throws([&] {
    w.engine().transact([](stet::transaction& tx) { tx.put(Accounts, std::string(500, 'x'), 1); });
  });
  CHECK(refused.code == stet::errc::usage);
  CHECK(refused.says("at most"));
}
