// The half of asio_flavours_test.cpp that sees Boost.Asio.
#define STET_BOOST_ASIO 1
#include <stet/asio.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <thread>

#include "tests/scenarios/asio_flavours.hpp"

namespace stet_tests {
namespace {

namespace net = boost::asio;

net::awaitable<std::string> fetch(std::string url) { co_return "boost " + url; }

}  // namespace

struct boost_loop::state {
  net::io_context io;
  net::executor_work_guard<net::io_context::executor_type> work{io.get_executor()};
  std::thread thread{[this] { io.run(); }};
};

boost_loop::boost_loop() : state_(std::make_unique<state>()) {}
boost_loop::~boost_loop() {
  state_->work.reset();
  state_->thread.join();
}
void boost_loop::define(stet::engine& e) {
  e.define(OverBoost,
           [s = state_.get()](stet::context& ctx, std::string url) -> stet::task<std::string> {
             co_return co_await ctx.step("fetch", stet::asio_step(s->io, fetch), url);
           });
}
const std::type_info& boost_loop::attempt() noexcept {
  return typeid(stet::detail::asio_attempt<std::string>);
}

}  // namespace stet_tests
