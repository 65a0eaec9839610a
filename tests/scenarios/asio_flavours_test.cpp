// <stet/asio.hpp> over Asio in one source, and over Boost.Asio in another, in one program.
#include <stet/asio.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <thread>

#include "tests/scenarios/asio_flavours.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string(std::string)> OverAsio{"over asio"};

asio::awaitable<std::string> fetch(std::string url) { co_return "asio " + url; }

}  // namespace

TEST_CASE("an attempt over Asio and one over Boost.Asio are two types") {
  CHECK(typeid(stet::detail::asio_attempt<std::string>) != boost_loop::attempt());
}

TEST_CASE("steps over Asio and steps over Boost.Asio run in one engine") {
  asio::io_context io;
  auto work = asio::make_work_guard(io);
  std::thread thread([&] { io.run(); });
  boost_loop boost;
  {
    stet::engine e(stet::memory::open());
    e.define(OverAsio, [&](stet::context& ctx, std::string url) -> stet::task<std::string> {
      co_return co_await ctx.step("fetch", stet::asio_step(io, fetch), url);
    });
    boost.define(e);
    e.start();
    for (int i = 0; i < 20; ++i) {
      auto id = std::to_string(i);
      auto one = e.start(OverAsio, "a" + id, id);
      auto other = e.start(OverBoost, "b" + id, id);
      CHECK(one.result() == "asio " + id);
      CHECK(other.result() == "boost " + id);
    }
  }
  work.reset();
  thread.join();
}
