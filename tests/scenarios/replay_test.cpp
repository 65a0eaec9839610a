// A replay gives a run its recorded results, and nothing else.
#include "tests/support/world.hpp"

#include <stet/json.hpp>

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Sum{"sum"};
inline constexpr stet::workflow<std::string()> Text{"text"};
inline constexpr stet::workflow<int(int)> Many{"many"};

struct out_of_paper : std::runtime_error {
  explicit out_of_paper(int n = 0) : std::runtime_error("out of paper"), tray(n) {}
  int tray;
};
void to_json(nlohmann::json& j, const out_of_paper& e) { j = e.tray; }
void from_json(const nlohmann::json& j, out_of_paper& e) { e.tray = j.get<int>(); }
inline constexpr stet::error_type<out_of_paper> OutOfPaper{"out-of-paper"};

void define_sum(world& w, stet::engine& e) {
  e.define(Sum, [&w](stet::context& ctx) -> stet::task<int> {
    int a = co_await ctx.step("one", [&] { return w.done.hit("one"), 1; });
    int b = co_await ctx.step("two", [&] { return w.done.hit("two"), 2; });
    co_return a + b;
  });
}

}  // namespace

TEST_CASE("two steps add up wherever the process dies [S1]") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    int crashes = at_every_commit(
        c, define_sum,
        [](world& w) {
          int sum = w.run(Sum, "s");  // outside of CHECK, which would count the crash as a failure
          CHECK(sum == 3);
        },
        [](world& w, death d) {
          CHECK(w.done.of("one") >= 1);
          CHECK(w.done.of("two") >= 1);
          CHECK(w.done.all() <= 2 + (d.happened ? 1 : 0));
        });
    CHECK(crashes >= 8);
  }
}

TEST_CASE("a result that stands is not made again after a crash [S2]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Sum, [&](stet::context& ctx) -> stet::task<int> {
        int a = co_await ctx.step("one", [&] { return w.done.hit("one"); });
        co_await ctx.sleep(1h);
        int b = co_await ctx.step("two", [&] { return w.done.hit("two"); });
        co_return 10 * a + b;
      });
    });
    w.engine().start(Sum, "s");
    w.settle();
    w.restart();
    w.settle();
    w.restart();
    CHECK(w.run(Sum, "s") == 11);
    CHECK(w.done.of("one") == 1);
    CHECK(w.done.of("two") == 1);
  });
}

TEST_CASE("nothing, an empty text and an empty list are results like others [S4]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Sum, [&](stet::context& ctx) -> stet::task<int> {
        co_await ctx.step("void", [&] { w.done.hit("void"); });
        auto s = co_await ctx.step("text", [&] { return w.done.hit("text"), std::string(); });
        auto v = co_await ctx.step("list", [&] { return w.done.hit("list"), std::vector<int>(); });
        auto o =
            co_await ctx.step("null", [&] { return w.done.hit("null"), std::optional<int>(); });
        co_await ctx.sleep(1h);
        co_return static_cast<int>(s.size() + v.size()) + o.value_or(7);
      });
    });
    w.engine().start(Sum, "s");
    w.settle();
    w.restart();
    CHECK(w.run(Sum, "s") == 7);
    for (auto* step : {"void", "text", "list", "null"}) CHECK(w.done.of(step) == 1);
  });
}

TEST_CASE("an exception is thrown again as it was: type, message and data [S5]") {
  everywhere([](world& w) {
    auto note = [](std::string& all, const std::string& s) { all += s + "; "; };
    w.open([&](stet::engine& e) {
      e.define(OutOfPaper);
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        std::string all;
        try {
          co_await ctx.step(
              "declared", [&](int n) -> int { throw out_of_paper(w.done.hit("a") + n); }, 40);
        } catch (const out_of_paper& x) { note(all, x.what() + std::to_string(x.tray)); }
        try {
          co_await ctx.step("other", {.retry = {.max_attempts = 1}}, [&]() -> int {
            throw std::out_of_range("b" + std::to_string(w.done.hit("b")));
          });
        } catch (const stet::step_failed& x) {
          note(all, x.operation() + " " + x.type() + " " + x.message() + " " +
                        std::to_string(x.attempts()));
        }
        co_await ctx.sleep(1h);
        co_return all;
      });
    });
    w.engine().start(Text, "t");
    w.settle();
    w.restart();
    CHECK(w.run(Text, "t") == "out of paper41; other std::out_of_range b1 1; ");
    CHECK(w.done.all() == 2);
  });
}

TEST_CASE("now is recorded and never falls [S7]") {
  everywhere([](world& w) {
    std::vector<std::int64_t> first;
    w.open([&](stet::engine& e) {
      e.define(Many, [&](stet::context& ctx, int) -> stet::task<int> {
        auto t1 = ctx.now();
        first.push_back(t1.time_since_epoch().count());
        co_await ctx.sleep(2h);
        auto t2 = ctx.now();
        CHECK(t2 - t1 >= 2h);
        co_await ctx.step("x", [&] { w.clock.set(-24h); });
        CHECK(ctx.now() >= t2);
        co_return 1;
      });
    });
    w.engine().start(Many, "m", 0);
    w.settle();
    w.pass(1h);
    w.restart();
    CHECK(w.run(Many, "m", 0) == 1);
    for (auto t : first) CHECK(t == fake_clock::epoch);
  });
}

TEST_CASE("two steps of the same name keep their own results [S8]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        std::string s;
        for (int i = 0; i < 2; ++i) {
          s += std::to_string(10 * co_await ctx.step("same", [&] { return w.done.hit("same"); })) +
               " ";
          co_await ctx.sleep(1h);
        }
        co_return s;
      });
    });
    w.engine().start(Text, "t");
    w.settle();
    w.restart();
    w.pass(1h);
    w.restart();
    CHECK(w.run(Text, "t") == "10 20 ");
  });
}

TEST_CASE("a thousand steps, a crash at every 37th [S10]") {
  for (cell c : {cell{}, cell{.resident = 0}}) {
    world w(c);
    int crashes = 0;
    bool die = false;
    w.open([&](stet::engine& e) {
      e.define(Many, [&](stet::context& ctx, int n) -> stet::task<int> {
        int sum = 0;
        for (int i = 0; i < n; ++i) {
          sum += co_await ctx.step("add", [&] {
            if (w.done.hit("add") % 37 == 0) die = true;
            return 1;
          });
        }
        co_return sum;
      });
    });
    w.engine().start(Many, "m", 1000);
    while (w.engine().poll()) {
      if (!std::exchange(die, false)) continue;
      w.restart();
      ++crashes;
    }
    CHECK(w.run(Many, "m", 1000) == 1000);
    CHECK(crashes >= 25);
    CHECK(w.done.of("add") <= 1000 + crashes);
  }
}

TEST_CASE("a run knows that it replays until the first thing that is new [S11]") {
  everywhere_by_hand([](world& w) {
    if (w.where.check) return;  // the replay check replays as well, and would show
    std::string seen;
    w.open([&](stet::engine& e) {
      e.define(Sum, [&](stet::context& ctx) -> stet::task<int> {
        seen += ctx.replaying() ? 'r' : 'n';
        co_await ctx.sleep(1h);
        seen += ctx.replaying() ? 'r' : 'n';
        co_await ctx.sleep(1h);
        ctx.log("said once");
        seen += ctx.replaying() ? 'r' : 'n';
        co_return 1;
      });
    });
    w.engine().start(Sum, "s");
    w.settle();
    w.pass(1h);
    w.restart();
    seen.clear();
    CHECK(w.run(Sum, "s") == 1);
    CHECK(seen.find('n') == seen.size() - 1);
    CHECK(seen.substr(seen.size() - 3) == "rrn");
    CHECK(w.heard.logs() == std::vector<std::string>{"s: said once"});
  });
}

TEST_CASE("a history that ends at an await is loaded and waits: nothing is added [S13]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Sum, [&](stet::context& ctx) -> stet::task<int> {
        co_await ctx.step("one", [&] { w.done.hit("one"); });
        co_await ctx.sleep(1h);
        co_return 5;
      });
    });
    w.engine().start(Sum, "s");
    w.settle();
    auto before = w.engine().admin().describe("s");
    for (int i = 0; i < 3; ++i) {
      if (i == 1) w.close();
      if (i == 1) w.reopen();
      else w.restart();
      w.settle();
      auto after = w.engine().admin().describe("s");
      REQUIRE(after);
      CHECK(after->records == before->records);
      REQUIRE(after->waits_for.size() == 1);
      CHECK(after->waits_for[0].kind == stet::wait_kind::sleep);
      CHECK(after->waits_for[0].due == before->waits_for[0].due);
    }
    CHECK(w.run(Sum, "s") == 5);
  });
}

TEST_CASE("a workflow without any durable operation ends once, wherever the process dies [S14]") {
  for (cell c : {cell{}, cell{.resident = 0, .check = 1}}) {
    at_every_commit(
        c,
        [](world&, stet::engine& e) {
          e.define(Sum, [](stet::context&) -> stet::task<int> { co_return 5; });
        },
        [](world& w) {
          int five = w.run(Sum, "s");
          auto status = w.engine().find(Sum, "s")->status();
          auto open = w.engine().admin().open_runs();
          CHECK(five == 5);
          CHECK(status == stet::status::completed);
          CHECK(open.empty());
        },
        [](world& w, death) { CHECK(w.heard.heard("stalled") == false); });
  }
}
