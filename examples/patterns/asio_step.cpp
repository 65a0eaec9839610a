// A step that is a coroutine of Asio: a server and its client in one event loop, and no thread
// waits for either.
//
// Prints:
//   the time is half past nine
//   nobody answered: step_timed_out
#include <stet/asio.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <cstdio>
#include <exception>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using asio::ip::tcp;

inline constexpr stet::workflow<std::string(int)> Ask{"ask"};

asio::io_context io;

// The body of a step: it returns the server's answer.
asio::awaitable<std::string> ask_time(int port) {
  tcp::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect(
      {asio::ip::address_v4::loopback(), static_cast<unsigned short>(port)}, asio::use_awaitable);
  std::string text(256, '\0');
  auto size = co_await socket.async_read_some(asio::buffer(text), asio::use_awaitable);
  text.resize(size);
  co_return text;
}
// A body that never ends by itself.
asio::awaitable<std::string> ask_nobody() {
  asio::steady_timer timer(co_await asio::this_coro::executor, 24h);
  co_await timer.async_wait(asio::use_awaitable);
  co_return "";
}

stet::task<std::string> ask(stet::context& ctx, int port) {
  auto time = co_await ctx.step("ask", {.timeout = 10s}, stet::asio_step(io, ask_time), port);
  auto nothing =
      co_await ctx.try_step("ask nobody", {.retry = {.max_attempts = 1}, .timeout = 50ms},
                            stet::asio_step(io, ask_nobody));
  auto why = nothing.failed_as<stet::step_timed_out>();
  co_return "the time is " + time +
      "\nnobody answered: " + (why ? std::string(to_string(why->code())) : "?");
}

asio::awaitable<void> serve(tcp::acceptor& acceptor) {
  auto socket = co_await acceptor.async_accept(asio::use_awaitable);
  co_await asio::async_write(socket, asio::buffer("half past nine", 14), asio::use_awaitable);
}

int main(int count, char** arguments) try {
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  asio::co_spawn(io, serve(acceptor), asio::detached);
  auto work = asio::make_work_guard(io);
  std::thread event_loop([] { io.run(); });
  {
    stet::engine engine(stet::open(count > 1 ? arguments[1] : "memory:"));
    engine.define(Ask, ask);
    engine.start();
    auto run = engine.start(Ask, "time", acceptor.local_endpoint().port());
    std::puts(run.result().c_str());
  }
  work.reset();
  event_loop.join();
} catch (const std::exception& e) {
  std::fprintf(stderr, "asio_step: %s\n", e.what());
  return 1;
}
