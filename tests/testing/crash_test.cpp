// crash_everywhere finds code that breaks in a crash, and reports nothing for code that doesn't.
#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <stet/testing.hpp>

#include "tests/support/temporary_directory.hpp"

using namespace std::chrono_literals;  // NOLINT
using stet::testing::crash_everywhere;
using stet::testing::effects;
using stet::testing::environment;

namespace {

inline constexpr stet::workflow<int(int)> Pay{"pay"};
inline constexpr stet::signal<int> More{"more"};

/// Code that keeps its promises.
void honest(stet::engine& e, effects& world) {
  e.define(Pay, [&world](stet::context& ctx, int cents) -> stet::task<int> {
    auto key = co_await ctx.step("charge", [&](stet::step_context& s) {
      world.hit_once("charge", s.idempotency_key());
      return s.idempotency_key();
    });
    co_await ctx.sleep(24h);
    co_await ctx.step("mail", [&] { world.hit("mail"); });
    auto rung = co_await ctx.try_step("ring", stet::step_options{.at_most_once = true},
                                      [&] { world.hit_at_most_once("ring"); });
    (void)rung;
    co_return key.empty() ? 0 : cents;
  });
}

bool says(const stet::testing::crash_report& r, std::string_view part) {
  return r.text().find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a workflow that keeps its promises keeps them wherever it crashes") {
  auto report = crash_everywhere(honest, Pay, 7);
  CHECK_MESSAGE(report.ok(), report.text());
  CHECK(report.outcome == "completed with 7");
  CHECK(report.crashes >= 12);
  CHECK(report.text() ==
        std::to_string(report.crashes) + " crashes, and none changed the outcome or an effect\n");
}

TEST_CASE("an effect without its key, and one that must happen once, are found") {
  auto report = crash_everywhere(
      [](stet::engine& e, effects& world) {
        e.define(Pay, [&world](stet::context& ctx, int cents) -> stet::task<int> {
          co_await ctx.step("charge", [&] {
            world.hit_once("charge", std::to_string(world.all()));  // another key each time
          });
          co_await ctx.step("ring", [&] { world.hit_at_most_once("ring"); });
          co_return cents;
        });
      },
      Pay, 7);
  CHECK(says(report, "the effect 'charge' happened 2 times, and 1 without the crash"));
  CHECK(says(report, "the effect 'ring' happened 2 times, and 1 without the crash"));
  CHECK(says(report, "before commit "));
}

TEST_CASE("an outcome that depends on the crash is found") {
  auto report = crash_everywhere(
      [](stet::engine& e, effects& world) {
        e.define(Pay, [&world](stet::context& ctx, int) -> stet::task<int> {
          co_return co_await ctx.step("count", [&] { return world.hit("count"); });
        });
      },
      Pay, 7);
  CHECK(says(report, "the outcome is \"completed with 2\", and \"completed with 1\""));
}

TEST_CASE("an effect that a crash loses is found") {
  auto report = crash_everywhere(
      [](stet::engine& e, effects& world) {
        e.define(Pay, [&world](stet::context& ctx, int cents) -> stet::task<int> {
          (void)co_await ctx.try_step("mail", stet::step_options{.at_most_once = true},
                                      [&] { world.hit("mail"); });
          co_return cents;
        });
      },
      Pay, 7);
  CHECK(says(report, "the effect 'mail' happened 0 times, and 1 without the crash"));
}

TEST_CASE("a story of several runs, with mocks and messages, and a failure as outcome") {
  stet::testing::story story;
  story.define = [](stet::engine& e, effects& world) {
    e.define(Pay, [&world](stet::context& ctx, int cents) -> stet::task<int> {
      auto more = co_await ctx.receive(More, 48h);
      auto fee = co_await ctx.step("fee", [&] { return world.hit("the real fee"); });
      co_return cents + fee + more.value_or(0);
    });
  };
  story.prepare = [](environment& env) {
    env.mock("fee").fails(1).returns(5);
    env.at(24h, [&env] { env.engine().signal("p", More, 20, {.idempotency_key = "once"}); });
  };
  story.tell = [](environment& env) { return std::to_string(env.run(Pay, "p", 100)); };
  auto report = crash_everywhere(story);
  CHECK_MESSAGE(report.ok(), report.text());
  CHECK(report.outcome == "125");
  CHECK(report.crashes >= 10);

  auto failing = crash_everywhere(
      [](stet::engine& e, effects&) {
        e.define(Pay, [](stet::context& ctx, int) -> stet::task<int> {
          co_return co_await ctx.step("broken",
                                      []() -> int { throw stet::permanent_error("no card"); });
        });
      },
      Pay, 1);
  CHECK_MESSAGE(failing.ok(), failing.text());
  CHECK(failing.outcome.find("failed: ") == 0);
}

TEST_CASE("what is in the same commit is done exactly once, and a counter beside it isn't") {
  static constexpr stet::table<std::string, int> Counts{"counts"};
  for (bool in_commit : {true, false}) {
    CAPTURE(in_commit);
    stet::testing::story story;
    story.define = [in_commit](stet::engine& e, effects& world) {
      e.define(Pay, [&world, in_commit](stet::context& ctx, int cents) -> stet::task<int> {
        if (in_commit) {
          co_await ctx.transact("count", [](stet::transaction& tx) {
            tx.put(Counts, "paid", tx.get(Counts, "paid").value_or(0) + 1);
          });
        } else {
          co_await ctx.step("count", [&] { world.hit_at_most_once("paid"); });
        }
        co_return cents;
      });
    };
    story.tell = [](environment& env) {
      auto paid = env.run(Pay, "p", 100);
      int times = 0;
      env.engine().transact(
          [&](stet::transaction& tx) { times = tx.get(Counts, "paid").value_or(0); });
      return std::to_string(paid) + ", counted " + std::to_string(times);
    };
    auto report = crash_everywhere(story);
    CHECK(report.ok() == in_commit);
    CHECK(report.outcome == (in_commit ? "100, counted 1" : "100, counted 0"));
  }
}

TEST_CASE("in files, and with every coroutine kept") {
  for (std::string scheme : {"lmdb", "rocksdb", "sqlite"}) {
    CAPTURE(scheme);
    std::optional<stet_tests::temporary_directory> place;
    stet::testing::story story;
    story.define = honest;
    story.prepare = [&](environment&) { place.emplace(); };
    story.tell = [](environment& env) { return std::to_string(env.run(Pay, "p", 7)); };
    story.options.engine.resident_runs_max = 1000;
    story.options.engine.replay_check_interval = 0;
    story.options.open_store = [&] { return stet::open(scheme + ":" + (*place / "store")); };
    try {
      auto report = crash_everywhere(story);
      CHECK_MESSAGE(report.ok(), report.text());
      CHECK(report.crashes >= 12);
    } catch (const stet::store_error& e) {
      REQUIRE_MESSAGE(e.code() == stet::errc::usage, e.what());
      MESSAGE("skipped: " << e.what());
    }
  }
}
