// Who keeps a run in memory: nobody, once a call is over, whatever came of it.
#include "probe.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Sleeper{"sleeper"};
inline constexpr stet::workflow<int()> Quick{"quick"};
inline constexpr stet::signal<int> Unused{"unused"};
inline constexpr stet::query<int()> Missing{"missing"};
inline constexpr stet::update<int()> Absent{"absent"};

stet::task<int> sleeper(stet::context& ctx) {
  co_await ctx.sleep(24h * 30);
  co_return 1;
}
stet::task<int> quick(stet::context&) { co_return 2; }

}  // namespace

TEST_CASE("a call that fails leaves no run in memory") {
  constexpr int runs = 60, resident = 5;
  for (cell c : {cell{.resident = resident}, cell{.resident = 0},
                 cell{.lmdb = true, .resident = resident}}) {
    INFO("in the cell ", c.name());
    world w(c);
    w.open([](stet::engine& e) {
      e.define(Sleeper, sleeper);
      e.define(Quick, quick);
    });
    for (int i = 0; i < runs; ++i) {
      w.engine().run(Sleeper, "s" + std::to_string(i));
      w.engine().run(Quick, "q" + std::to_string(i)).result();
    }
    w.close();
    w.reopen();  // all of them are in the store, and nothing of them is due
    auto& e = w.engine();
    CHECK(in_memory(e) == 0);
    auto each = [&](const std::string& what, auto call) {
      for (int i = 0; i < runs; ++i) call("s" + std::to_string(i), "q" + std::to_string(i));
      CAPTURE(what);
      CHECK(in_memory(e) <= resident);
    };
    each("find by another workflow's name",
         [&](const auto& s, const auto&) { CHECK_THROWS_AS((void)e.find(Quick, s), stet::error); });
    each("run with another workflow's id",
         [&](const auto& s, const auto&) { CHECK_THROWS_AS((void)e.run(Quick, s), stet::error); });
    each("resume what has ended", [&](const auto&, const auto& q) { e.resume(q); });
    each("a query without a handler", [&](const auto& s, const auto& q) {
      CHECK_THROWS_AS((void)e.find(Sleeper, s)->query(Missing), stet::error);
      CHECK_THROWS_AS((void)e.find(Quick, q)->query(Missing), stet::error);
    });
    each("an update without a handler", [&](const auto& s, const auto& q) {
      CHECK_THROWS_AS((void)e.find(Sleeper, s)->update(Absent), stet::error);
      CHECK_THROWS_AS((void)e.find(Quick, q)->update(Absent), stet::error);
    });
    each("a signal to what has ended", [&](const auto&, const auto& q) {
      CHECK_THROWS_AS(e.find(Quick, q)->signal(Unused, 1), stet::error);
    });
    each("an erasure of what is open",
         [&](const auto& s, const auto&) { CHECK_THROWS_AS(e.erase(s), stet::error); });
    each("what only looks", [&](const auto& s, const auto& q) {
      CHECK(e.describe(s)->status == stet::status::running);
      CHECK(e.history(q).size() > 1);
      CHECK(e.find(Quick, q)->result() == 2);
    });
  }
}
