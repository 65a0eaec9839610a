// How a step fails and is tried again. For threads and time-outs see bodies_on_threads_test.cpp,
// for deaths of the process crashes_during_steps_test.cpp.
#include "tests/support/library_names.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> W{"w"};
inline constexpr stet::workflow<std::string()> Text{"text"};

std::int64_t hours(world& w) {
  return (w.clock.wall().time_since_epoch().count() - fake_clock::epoch) / 3'600'000;
}

struct unwritable {};

std::string told(const stet::outcome<int>& o) {
  if (o) return "value " + std::to_string(*o);
  auto f = o.failed_as<stet::step_failed>();
  return f ? std::string(to_string(f->code())) + " " + f->type() + " " +
                 std::to_string(f->attempts())
           : "?";
}

bool never(const std::exception&) { return false; }
bool always(const std::exception&) { return true; }
bool throws(const std::exception&) { throw 1; }

}  // namespace

template <> struct stet::codec<unwritable> {
  static void encode(writer& out, const unwritable&) {
    out.text("half of it");
    throw std::length_error("too long to write");
  }
  static unwritable decode(reader& in) { return in.text(), unwritable{}; }
};

TEST_CASE("a step that has failed for good is an error that the workflow can handle [S16]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        std::string all;
        try {
          co_await ctx.step("fails", {.retry = {.max_attempts = 3}}, [&]() -> int {
            throw std::runtime_error("no " + std::to_string(w.done.hit("fails")));
          });
        } catch (const stet::step_failed& x) {
          all = x.operation() + ", " + x.type() + ", " + x.message() + ", " +
                std::to_string(x.attempts());
        }
        co_await ctx.sleep(1h);
        co_return all +
            co_await ctx.step("goes on", [&] { return w.done.hit("more"), std::string("!"); });
      });
    });
    w.engine().start(Text, "t");
    w.settle();
    w.restart();
    CHECK(w.run(Text, "t") == "fails, std::runtime_error, no 3, 3!");
    CHECK(w.done.of("fails") == 3);
    CHECK(w.done.of("more") == 1);
  });
}

TEST_CASE("resume begins the retries for which a run waits, and what it waits for else stays") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto fails_once = [&](const char* name) {
          return ctx.step(name, {.retry = {.initial_interval = 24h, .jitter = 0}}, [&w, name] {
            if (w.done.hit(name) == 1) throw std::runtime_error("the service is away");
            return std::string(name);
          });
        };
        auto [a, b] = co_await stet::all(fails_once("a"), fails_once("b"));
        co_await ctx.sleep(1h);
        co_return a + b;
      });
    });
    w.engine().start(Text, "t");
    w.settle();
    CHECK(w.engine().admin().describe("t").value().waits_for.size() == 2);
    w.restart();
    w.engine().admin().resume("t");
    w.settle();
    auto info = w.engine().admin().describe("t").value();
    REQUIRE(info.waits_for.size() == 1);
    CHECK(info.waits_for[0].kind == stet::wait_kind::sleep);
    CHECK(w.done.of("a") + w.done.of("b") == 4);
    w.engine().admin().resume("t");  // a sleep isn't a retry
    w.pass(59min);
    CHECK(w.engine().find(Text, "t")->status() == stet::status::running);
    w.pass(1min);
    CHECK(w.engine().find(Text, "t")->status() == stet::status::completed);
  });
}

TEST_CASE("what no retry can cure is tried once [S17]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        constexpr stet::retry_policy ten{.max_attempts = 10};
        auto a = co_await ctx.try_step("a", {.retry = ten}, [&]() -> int {
          w.done.hit("a");
          throw stet::permanent_error("never");
        });
        auto b = co_await ctx.try_step("b", {.retry = {.max_attempts = 10, .retryable = never}},
                                       [&]() -> int {
                                         w.done.hit("b");
                                         throw std::logic_error("bug");
                                       });
        auto c = co_await ctx.try_step("c", {.retry = {.max_attempts = 10, .retryable = throws}},
                                       [&]() -> int {
                                         w.done.hit("c");
                                         throw std::logic_error("bug");
                                       });
        co_return told(a) + "; " + told(b) + "; " + told(c);
      });
    });
    CHECK(w.run(Text, "t") ==
          "step_failed stet::v0::permanent_error 1; step_failed std::logic_error 1; "
          "step_failed std::logic_error 1");
    CHECK(w.done.all() == 3);
    CHECK(w.clock.wall().time_since_epoch().count() == fake_clock::epoch);
  });
}

TEST_CASE(
    "pauses grow by the backoff up to their maximum, and none follows the last attempt [S19]") {
  everywhere([](world& w) {
    std::vector<std::int64_t> at;
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto o = co_await ctx.try_step("x",
                                       {.retry = {.max_attempts = 5,
                                                  .initial_interval = 1h,
                                                  .backoff = 2,
                                                  .max_interval = 3h,
                                                  .jitter = 0}},
                                       [&]() -> int {
                                         at.push_back(hours(w));
                                         throw std::runtime_error("no");
                                       });
        co_return told(o);
      });
    });
    CHECK(w.run(Text, "t") == "step_failed std::runtime_error 5");
    CHECK(at == std::vector<std::int64_t>{0, 1, 3, 6, 9});
    CHECK(hours(w) == 9);
  });
}

TEST_CASE("jitter moves a pause by its part and no further") {
  world w;
  std::vector<std::int64_t> pauses;
  std::int64_t last = -1;
  w.open([&](stet::engine& e) {
    e.define(W, [&](stet::context& ctx) -> stet::task<int> {
      co_return co_await ctx.step(
          "x", {.retry = {.initial_interval = 1000ms, .backoff = 1, .jitter = 0.5}}, [&] {
            auto now = w.clock.wall().time_since_epoch().count();
            if (last >= 0) pauses.push_back(now - last);
            last = now;
            if (pauses.size() < 200) throw std::runtime_error("again");
            return 1;
          });
    });
  });
  CHECK(w.run(W, "w") == 1);
  auto [least, most] = std::minmax_element(pauses.begin(), pauses.end());
  CHECK(*least >= 500);
  CHECK(*least < 700);
  CHECK(*most > 1300);
  CHECK(*most <= 1500);
}

TEST_CASE("no attempt begins when max_elapsed has passed") {
  everywhere_by_hand([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto o = co_await ctx.try_step(
            "x", {.retry = {.initial_interval = 1h, .backoff = 2, .jitter = 0, .max_elapsed = 6h}},
            [&]() -> int { throw std::runtime_error(std::to_string(w.done.hit("x"))); });
        co_return told(o);
      });
    });
    CHECK(w.run(Text, "t") ==
          "step_failed std::runtime_error 3");  // at 0, 1 and 3 h; the next would be at 7 h
    CHECK(hours(w) == 3);
  });
}

TEST_CASE("what a predicate said is recorded: another build's predicate changes nothing [S20]") {
  everywhere_by_hand([](world& w) {
    auto build = [&](bool (*predicate)(const std::exception&)) {
      return [&w, predicate](stet::engine& e) {
        e.define(Text, [&w, predicate](stet::context& ctx) -> stet::task<std::string> {
          auto o = co_await ctx.try_step(
              "x", {.retry = {.max_attempts = 3, .retryable = predicate}}, [&]() -> int {
                w.done.hit("x");
                throw std::runtime_error("no");
              });
          co_await ctx.sleep(1h);
          co_return told(o);
        });
      };
    };
    w.open(build(never));
    w.engine().start(Text, "t");
    w.settle();
    w.crash();
    w.open(build(always));
    CHECK(w.run(Text, "t") == "step_failed std::runtime_error 1");
    CHECK(w.done.of("x") == 1);
  });
}

TEST_CASE("all attempts together end at their deadline, though the pause would be longer [S23]") {
  everywhere([](world& w) {
    std::int64_t ended = -1;
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto o = co_await ctx.try_step(
            "x", {.retry = {.initial_interval = 10h, .jitter = 0}, .total_timeout = 4h},
            [&]() -> int { throw std::runtime_error(std::to_string(w.done.hit("x"))); });
        ended = hours(w);
        co_return told(o);
      });
    });
    CHECK(w.run(Text, "t") == "step_timed_out stet::step_timed_out 1");
    CHECK(ended == 4);
    CHECK(w.done.of("x") == 1);
  });
}

TEST_CASE("anything may be thrown by a body: a number, a null pointer, a private type [S25]") {
  struct mine {};
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        constexpr stet::retry_policy once{.max_attempts = 1};
        auto a = co_await ctx.try_step("a", {.retry = once}, []() -> int { throw 42; });
        auto b = co_await ctx.try_step("b", {.retry = once}, []() -> int { throw nullptr; });
        auto c = co_await ctx.try_step("c", {.retry = {.max_attempts = 2}},
                                       []() -> int { throw mine(); });
        co_await ctx.sleep(1h);
        co_return told(a) + "; " + told(b) + "; " + told(c);
      });
    });
    w.engine().start(Text, "t");
    w.settle();
    w.restart();
    auto text = w.run(Text, "t");
    CHECK(text.find(std::string("step_failed int 1; step_failed ") + name_of_nullptr_type +
                    " 1; step_failed ") == 0);
    CHECK(text.find("mine 2") != std::string::npos);
  });
}

TEST_CASE(
    "a result that can't be written is the step's error, and the body isn't run again [S26]") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        try {
          co_await ctx.step("x", [&] { return w.done.hit("x"), unwritable{}; });
        } catch (const stet::step_failed& x) { co_return x.message(); }
        co_return "?";
      });
    });
    CHECK(w.run(Text, "t") == "the result of the step can't be encoded: too long to write");
    CHECK(w.done.of("x") == 1);
  });
}

TEST_CASE("a workflow's result that can't be written fails its run, and only that") {
  constexpr stet::workflow<unwritable()> Bad{"bad"};
  everywhere([&](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Bad, {.accident = stet::accident::fail},
               [](stet::context&) -> stet::task<unwritable> { co_return unwritable{}; });
      e.define(W, [](stet::context& ctx) -> stet::task<int> {
        co_return co_await ctx.step("x", [] { return 1; });
      });
    });
    auto bad = w.engine().start(Bad, "b");
    CHECK(w.run(W, "w") == 1);
    auto what = what_throws([&] { bad.result(); });
    CHECK(what.code == stet::errc::run_failed);
    CHECK(what.says("too long to write"));
  });
}

TEST_CASE("a result whose commit was reported as unknown is found, not made again [S28]") {
  for (cell c : {cell{}, cell{.resident = 0}, cell{.lmdb = true}}) {
    at_every_commit(
        c,
        [](world& w, stet::engine& e) {
          e.define(W, [&w](stet::context& ctx) -> stet::task<int> {
            co_return co_await ctx.step("x", [&] { return w.done.hit("x"); });
          });
        },
        [&](world& w) {
          int result = w.run(W, "w");
          CHECK(result == w.done.of("x"));
        },
        [](world& w, death d) {
          CHECK(w.done.of("x") <= (d.happened && !d.after ? 2 : 1));
          CHECK(w.engine().admin().describe("w").value().records <=
                5);  // started, step, perhaps attempt, done, completed
        });
  }
}

TEST_CASE(
    "a hundred steps at once: each once or twice, the results in the order of the calls [S29]") {
  constexpr stet::workflow<std::vector<int>()> Fan{"fan"};
  everywhere([&](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Fan, [&](stet::context& ctx) -> stet::task<std::vector<int>> {
        std::vector<decltype(ctx.step("x", std::declval<int (*)()>()))> steps;
        steps.reserve(100);
        for (int i = 0; i < 100; ++i)
          steps.push_back(ctx.step("x", [&w, i] { return w.done.hit(std::to_string(i)), i; }));
        co_return co_await stet::all(std::move(steps));
      });
    });
    w.engine().start(Fan, "f");
    for (int i = 0; i < 2; ++i) w.engine().admin().open_runs();
    w.restart();
    auto all = w.run(Fan, "f");
    REQUIRE(all.size() == 100);
    for (int i = 0; i < 100; ++i) {
      CHECK(all[static_cast<std::size_t>(i)] == i);
      CHECK(w.done.of(std::to_string(i)) >= 1);
      CHECK(w.done.of(std::to_string(i)) <= 2);
    }
  });
}

TEST_CASE("a body's progress reaches the next attempt, over a failure and over a crash") {
  everywhere([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        co_return co_await ctx.step("x", {.retry = {.initial_interval = 1h}},
                                    [&](stet::step_context& s) {
                                      auto before = s.progress<std::string>().value_or("");
                                      s.heartbeat(before + std::to_string(s.attempt()));
                                      if (s.attempt() < 4) throw std::runtime_error("not yet");
                                      return before + "," + s.idempotency_key();
                                    });
      });
    });
    w.engine().start(Text, "t");
    w.settle();
    w.restart();
    w.settle();
    w.pass(2h);
    w.restart();
    auto text = w.run(Text, "t");
    CHECK(text.substr(0, 4) == "123,");
    CHECK(text.size() == 4 + 32 + 2);
  });
}
