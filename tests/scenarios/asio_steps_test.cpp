// Steps whose body is an awaitable of Asio.
#include <stet/asio.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string()> Text{"text"};

/// An event loop on threads of its own.
class event_loop {
 public:
  explicit event_loop(unsigned threads) {
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { io.run(); });
  }
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;
  ~event_loop() {
    work_.reset();
    for (auto& t : threads_) t.join();
  }
  asio::io_context io;

 private:
  asio::executor_work_guard<asio::io_context::executor_type> work_{io.get_executor()};
  std::vector<std::thread> threads_;
};

asio::awaitable<void> nap(std::chrono::milliseconds d) {
  asio::steady_timer timer(co_await asio::this_coro::executor, d);
  co_await timer.async_wait(asio::use_awaitable);
}
asio::awaitable<std::string> fetch(std::string url, long ms) {
  co_await nap(std::chrono::milliseconds(ms));
  co_return "<" + url + ">";
}

std::string told(const stet::outcome<int>& o) {
  if (o) return "value " + std::to_string(*o);
  auto f = o.failed_as<stet::step_failed>();
  return f ? std::string(to_string(f->code())) + ": " + std::string(f->message()) : "?";
}

/// A manual engine waits by a clock that only the test moves.
std::string result_of(world& w, const stet::run_handle<std::string>& run) {
  for (int i = 0; i < 5000 && run.status() == stet::status::running; ++i) {
    if (w.where.threads == 0) w.finish();
    else return w.result(run);
    std::this_thread::sleep_for(1ms);
  }
  REQUIRE(run.status() != stet::status::running);
  return run.result();
}

}  // namespace

TEST_CASE("a step is an awaitable: its value, its exception, its retries") {
  event_loop loop(2);
  everywhere([&](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        auto page = co_await ctx.step("fetch", stet::asio_step(loop.io, fetch), "a", 1);
        int base = 40;
        auto n = co_await ctx.step(
            "lambda", stet::asio_step(loop.io.get_executor(), [&]() -> asio::awaitable<int> {
              w.done.hit("lambda");
              co_await nap(1ms);
              co_return base + 2;
            }));
        co_await ctx.step("nothing",
                          stet::asio_step(loop.io, []() -> asio::awaitable<void> { co_return; }));
        auto third = co_await ctx.try_step(
            "third", {.retry = {.max_attempts = 3}},
            stet::asio_step(loop.io,
                            stet::owning([&w](stet::pending_step s,
                                              const std::string& x) -> asio::awaitable<int> {
                              co_await nap(1ms);
                              if (w.done.hit(s.idempotency_key()) < 3)
                                throw std::runtime_error("busy");
                              co_return static_cast<int>(s.attempt() + x.size());
                            })),
            std::string("seven77"));
        auto never = co_await ctx.try_step("never", {.retry = {.max_attempts = 1}},
                                           stet::asio_step(loop.io, []() -> asio::awaitable<int> {
                                             throw std::runtime_error("no network");
                                             co_return 1;
                                           }));
        co_return page + std::to_string(n) + " " + told(third) + " " + told(never);
      });
    });
    CHECK(result_of(w, w.engine().start(Text, "t")) == "<a>42 value 10 step_failed: no network");
    w.restart();
    CHECK(result_of(w, w.engine().start(Text, "t")) == "<a>42 value 10 step_failed: no network");
    CHECK(w.done.of("lambda") == 1);
  });
}

TEST_CASE("a time-out, a lost race, a cancellation and a close end what a coroutine awaits") {
  event_loop loop(3);
  for (cell c : {cell{}, cell{.resident = 0}, cell{.threads = 2, .check = 1}}) {
    CAPTURE(c.name());
    std::atomic<int> begun{0}, aborted{0};
    world w(c);
    auto define = [&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        std::string lent(1000, 'l');
        auto wait = [&]() -> asio::awaitable<int> {
          ++begun;
          try {
            co_await nap(1h);
          } catch (const std::exception&) {
            aborted += lent == std::string(1000, 'l');
            throw;
          }
          co_return 1;
        };
        auto late = co_await ctx.try_step("late", {.retry = {.max_attempts = 1}, .timeout = 1min},
                                          stet::asio_step(loop.io, wait));
        auto race =
            co_await stet::any(ctx.step("race", stet::asio_step(loop.io, wait)), ctx.sleep(1min));
        auto text = told(late) + " " + std::to_string(race.index());
        auto closed = co_await ctx.try_step("closed", {.retry = {.max_attempts = 1}},
                                            stet::asio_step(loop.io, [&]() -> asio::awaitable<int> {
                                              if (begun >= 3) co_return 7;
                                              co_return co_await wait();
                                            }));
        text += " " + told(closed);
        bool cancelled = false;
        try {
          co_await ctx.step("cancelled", stet::asio_step(loop.io, wait));
        } catch (const stet::cancelled&) { cancelled = true; }
        co_return text + (cancelled ? " cancelled" : "");
      });
    };
    auto reach = [&](int n) {
      for (int i = 0; i < 5000 && begun < n; ++i) {
        if (c.threads == 0) w.engine().run_until_idle();
        else w.poke();
        std::this_thread::sleep_for(1ms);
      }
      REQUIRE(begun == n);
    };
    w.open(define);
    w.engine().start(Text, "t");
    for (int n : {1, 2}) {
      reach(n);
      w.clock.advance(1min);
    }
    reach(3);
    w.close();  // waits for the coroutine, which uses the frame
    CHECK(aborted == 3);
    w.open(define);
    reach(4);
    auto run = w.engine().start(Text, "t");
    run.cancel("enough");
    CHECK(result_of(w, run) ==
          "step_timed_out: the step was not completed within 60000 ms 1 value 7 cancelled");
    CHECK(aborted == 4);
  }
}

TEST_CASE("coroutines that die with their context fail their attempts") {
  world w;  // without threads: none is in the body any more when the context goes
  std::optional<asio::io_context> io;
  io.emplace();
  std::atomic<int> begun{0};
  w.open([&](stet::engine& e) {
    e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
      auto o =
          co_await ctx.try_step("x", {.retry = {.max_attempts = 1}},
                                stet::asio_step(*io, stet::owning([&]() -> asio::awaitable<int> {
                                  ++begun;
                                  co_await nap(1h);
                                  co_return 1;
                                })));
      co_return told(o);
    });
  });
  auto run = w.engine().start(Text, "t");
  w.settle();
  while (begun == 0) {
    io->restart();
    io->poll();
  }
  io.reset();
  w.until([&] { return run.status() != stet::status::running; });
  CHECK(run.result().find("dropped its completion") != std::string::npos);
}
