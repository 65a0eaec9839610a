// The classes of <stet/testing.hpp>, used as users use them.
#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <stet/stet.hpp>
#include <stet/testing.hpp>

using namespace std::chrono_literals;  // NOLINT: tests speak of 30 days
using std::chrono::days;
using stet::testing::environment;

namespace {

inline constexpr stet::workflow<std::string(std::string)> Trial{"trial"};
inline constexpr stet::workflow<std::string()> Order{"order"};
inline constexpr stet::signal<void> Stop{"stop"};

stet::task<std::string> trial(stet::context& ctx, std::string who) {
  auto stopped = co_await ctx.receive(Stop, days{30});
  if (stopped) co_return who + " stopped";
  co_return who + "'s trial is over";
}

std::string charge(const std::string&, int) { throw std::runtime_error("the real one was called"); }

stet::task<std::string> order(stet::context& ctx) {
  auto receipt = co_await ctx.step("charge", charge, "4711", 1000);
  co_await ctx.step("ship", [] { return 7; });
  co_return receipt;
}
void define_order(stet::engine& e) { e.define(Order, order); }
void define_trial(stet::engine& e) { e.define(Trial, trial); }

std::int64_t days_since_start(environment& env) {
  return (env.now().time_since_epoch().count() - stet::testing::virtual_clock::epoch) / 86'400'000;
}

struct caught {
  stet::errc code{};
  std::string text;
};
template <class F> caught what_throws(F&& f) {
  try {
    f();
  } catch (const stet::error& e) { return {e.code(), e.what()}; }
  return {stet::errc::closed, "nothing"};
}
bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("whoever waits for a result skips what is slept through") {
  environment env(define_trial);
  CHECK(env.run(Trial, "ann", "ann") == "ann's trial is over");
  CHECK(days_since_start(env) == 30);
}

TEST_CASE("what is planned happens at its time, before what is due later") {
  environment env(define_trial);
  auto ann = env.engine().start(Trial, "ann", "ann");
  auto bob = env.engine().start(Trial, "bob", "bob");
  std::vector<std::int64_t> called;
  env.at(days{40}, [&] { called.push_back(days_since_start(env)); });
  env.at(days{3}, [&] {
    called.push_back(days_since_start(env));
    ann.signal(Stop);
  });
  CHECK(ann.result() == "ann stopped");
  CHECK(days_since_start(env) == 3);
  CHECK(bob.result() == "bob's trial is over");
  CHECK(days_since_start(env) == 30);
  env.finish();
  CHECK(called == std::vector<std::int64_t>{3, 40});
}

TEST_CASE("what a planned call throws comes out of the call that waits, and the run goes on") {
  environment env(define_trial);
  auto ann = env.engine().start(Trial, "ann", "ann");
  env.at(days{1}, [] { throw std::out_of_range("mine"); });
  CHECK_THROWS_AS(ann.result(), std::out_of_range);
  CHECK(ann.result() == "ann's trial is over");
}

TEST_CASE("time is moved by hand, a limit is a limit of that time") {
  environment env(define_trial);
  auto ann = env.engine().start(Trial, "ann", "ann");
  env.advance(days{29});
  CHECK(ann.status() == stet::status::running);
  CHECK(days_since_start(env) == 29);
  CHECK_FALSE(ann.wait_for(12h));
  CHECK(ann.wait_for(days{12}));
  CHECK(days_since_start(env) == 30);
  env.advance(days{2});
  CHECK(days_since_start(env) == 32);
}

TEST_CASE("a result that nothing can bring is an error that says what is waited for") {
  static constexpr stet::workflow<void()> Waits{"waits"};
  environment env([](stet::engine& e) {
    e.define(Waits, [](stet::context& ctx) -> stet::task<void> { co_await ctx.receive(Stop); });
  });
  auto run = env.engine().start(Waits, "w");
  auto e = what_throws([&] { run.result(); });
  CHECK(e.code == stet::errc::usage);
  CHECK(says(e.text, "the run 'w' waits for condition 'signal 'stop''"));
  run.signal(Stop);  // it can still be completed
  run.result();
}

TEST_CASE("a mock answers for a step, by its name and by whose it is") {
  environment env(define_order);
  auto& any = env.mock("charge").returns("receipt");
  auto& special = env.mock("charge", {.workflow = "order", .id = "o-2"}).returns("another");
  auto& ship = env.mock("ship");
  CHECK(env.run(Order, "o-1") == "receipt");
  CHECK(env.run(Order, "o-2") == "another");
  CHECK(any.calls() == 1);
  CHECK(special.calls() == 1);
  CHECK(ship.calls() == 2);
}

TEST_CASE("a mock sees the arguments and the attempt") {
  environment env(define_order);
  env.mock("charge").runs([](const stet::step_attempt& a) {
    auto [card, cents] = stet::decode<std::tuple<std::string, int>>(a.arguments);
    if (a.attempt < 3) throw std::runtime_error("not yet");
    return std::string(a.workflow_id) + ": " + card + " pays " + std::to_string(cents);
  });
  CHECK(env.run(Order, "o-1") == "o-1: 4711 pays 1000");
}

TEST_CASE("a mock of another type is found where the result is read") {
  environment env(define_order);
  env.mock("charge").returns(5);
  auto e = what_throws([&] { env.run(Order, "o-1"); });
  CHECK(e.code == stet::errc::run_stalled);
  CHECK(says(e.text, "what came for the step 'charge' doesn't decode"));
  CHECK(says(e.text, "expected a text"));
}

TEST_CASE("injected failures are retried by the policy, on the clock of the test") {
  environment env(define_order);
  auto& mock = env.mock("charge").fails(3).returns("receipt");
  auto before = env.now();
  CHECK(env.run(Order, "o-1") == "receipt");
  CHECK(mock.calls() == 4);
  auto pauses = env.now() - before;  // 1 + 2 + 4 s, each up to a tenth more or less
  CHECK(pauses > 6s);
  CHECK(pauses < 8s);
}

TEST_CASE("what a mock throws for good ends the step") {
  environment env(define_order);
  auto& mock = env.mock("charge").throws(stet::permanent_error("no such card"));
  auto e = what_throws([&] { env.run(Order, "o-1"); });
  CHECK(e.code == stet::errc::run_failed);
  CHECK(says(e.text, "no such card"));
  CHECK(mock.calls() == 1);
}

TEST_CASE("mocks take their time at once, and a time-out cuts them short") {
  static constexpr stet::workflow<std::string()> Both{"both"};
  environment env([](stet::engine& e) {
    e.define(Both, [](stet::context& ctx) -> stet::task<std::string> {
      auto both =
          co_await stet::all(ctx.step("a", [] { return 1; }), ctx.step("b", [] { return 2; }));
      auto sum = std::get<0>(both) + std::get<1>(both);
      auto late = co_await ctx.try_step(
          "late", stet::step_options{.retry = {.max_attempts = 2}, .timeout = 1min}, [] {});
      co_return std::to_string(sum) + (late ? " in time" : " late");
    });
  });
  env.mock("a").takes(2h);
  env.mock("b").takes(3h);
  env.mock("late").takes(1h);
  auto before = env.now();
  CHECK(env.run(Both, "x") == "3 late");
  auto took = env.now() - before;
  CHECK(took > 3h + 2min);  // two attempts, and a pause of about a second
  CHECK(took < 3h + 3min);
}

TEST_CASE("steps that fail anywhere, before and after their effect") {
  for (bool after : {false, true}) {
    CAPTURE(after);
    stet::testing::effects world;
    environment env([&](stet::engine& e) {
      e.define(Order, [&](stet::context& ctx) -> stet::task<std::string> {
        for (int i = 0; i < 20; ++i) co_await ctx.step("effect", [&] { world.hit("effect"); });
        co_return "done";
      });
    });
    env.fail_steps({.every = 3, .after_body = after});
    CHECK(env.run(Order, "o") == "done");
    CHECK(world.of("effect") == (after ? 29 : 20));
  }
}

TEST_CASE("chance is the seed's") {
  auto times = [](std::uint64_t seed) {
    environment env(define_order, {.seed = seed});
    auto& mock = env.mock("charge").returns("receipt");
    env.fail_steps({.chance = 0.7, .after_body = true});
    env.run(Order, "o");
    return mock.calls();
  };
  CHECK(times(7) == times(7));
  bool differs = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) differs |= times(seed) != times(7);
  CHECK(differs);
}

TEST_CASE("what makes no sense is refused") {
  environment env(define_order);
  CHECK(what_throws([&] { env.fail_steps({.every = 1}); }).code == stet::errc::usage);
  CHECK(what_throws([&] { env.fail_steps({.chance = 1}); }).code == stet::errc::usage);
  stet::testing::environment_options options;
  options.engine.threads = 2;
  CHECK(what_throws([&] { environment other(define_order, options); }).code == stet::errc::usage);
}

TEST_CASE("runs outlive a restart and a crash") {
  environment env(define_trial);
  env.engine().start(Trial, "ann", "ann");
  env.restart();
  env.advance(days{10});
  env.crash();
  env.advance(days{19});
  CHECK(env.engine().find(Trial, "ann")->status() == stet::status::running);
  env.crash();
  CHECK(env.run(Trial, "ann", "ann") == "ann's trial is over");
  CHECK(days_since_start(env) == 30);
}

TEST_CASE("a workflow that isn't deterministic is found at once") {
  int changing = 0;
  environment env([&](stet::engine& e) {
    e.define(Order, [&](stet::context& ctx) -> stet::task<std::string> {
      co_await ctx.step("step " + std::to_string(++changing), [] {});
      co_return "";
    });
  });
  CHECK(what_throws([&] { env.run(Order, "o"); }).code == stet::errc::run_stalled);
  CHECK(env.heard().heard("deterministic"));
}

TEST_CASE("a non-blocking step is mocked, and while it is pending no time passes") {
  static constexpr stet::workflow<int()> Asks{"asks"};
  std::thread elsewhere;
  environment env([&](stet::engine& e) {
    e.define(Asks, [&](stet::context& ctx) -> stet::task<int> {
      auto body = [&](stet::completion<int> done) {
        elsewhere = std::thread([done]() mutable {
          std::this_thread::sleep_for(50ms);
          done.resolve(1);
        });
      };
      auto won = co_await stet::any(ctx.step("ask", body), ctx.sleep(1h));
      co_return won.index() == 0 ? std::get<0>(won) : 0;
    });
  });
  CHECK(env.run(Asks, "a") == 1);
  elsewhere.join();
  CHECK(env.now().time_since_epoch().count() == stet::testing::virtual_clock::epoch);
  env.mock("ask", {.id = "b"}).fails(1).returns(7);
  CHECK(env.run(Asks, "b") == 7);
}

TEST_CASE("an interceptor stands before bodies on the threads of the pool, too") {
  struct watching final : stet::interceptor {
    std::string run_step(const stet::step_attempt& a, stet::step_body& body) override {
      ++calls;
      auto result = body.run();
      if (a.step == "ship") return result;
      std::string other;
      stet::encode<std::string>(other, std::string(a.workflow) + "/" + std::string(a.workflow_id));
      return other;
    }
    std::atomic<int> calls{0};
  } watch;
  stet::engine engine(stet::memory::open(), {.interceptor = &watch});
  engine.define(Order, [](stet::context& ctx) -> stet::task<std::string> {
    auto said = co_await ctx.step("say", [] { return std::string("what the body said"); });
    co_await ctx.step("ship", [] {});
    co_return said;
  });
  engine.start();
  std::vector<stet::run_handle<std::string>> runs;
  for (int i = 0; i < 50; ++i) runs.push_back(engine.start(Order, "o-" + std::to_string(i)));
  for (auto& run : runs) CHECK(run.result() == "order/" + run.id());
  CHECK(watch.calls == 100);
}

TEST_CASE("a store without room for a while") {
  environment env(define_order);
  env.mock("charge").returns("receipt");
  auto run = env.engine().start(Order, "o");
  auto before = env.now();
  env.store_faults().fail_next(stet::testing::store_call::commit, stet::testing::fault::refused, 3);
  CHECK(run.result() == "receipt");
  CHECK(env.store_faults().injected() == 3);
  CHECK(env.now() > before);
}
