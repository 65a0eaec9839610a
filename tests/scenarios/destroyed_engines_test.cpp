// Engines that are destroyed at a place where they can't be closed.
#include <memory>
#include <thread>

#include "tests/support/world.hpp"

using namespace stet_tests;
using stet::errc;

namespace {

/// Destroys an engine when a workflow logs a line.
struct destroys final : stet::listener {
  void log(std::string_view, std::string_view) override { auto gone = std::move(which); }
  std::unique_ptr<stet::engine> which;
};

inline constexpr stet::workflow<int(int)> Nth{"nth"};

}  // namespace

TEST_CASE("an engine that its own listener or a body destroys is closed by another thread") {
  for (bool in_body : {false, true}) {
    CAPTURE(in_body);
    static destroys listeners[2];  // they live on, since the engine may be closed later
    auto& l = listeners[in_body];
    l.which = std::make_unique<stet::engine>(stet::memory::open(),
                                             stet::engine_options{.threads = 2, .listener = &l});
    l.which->define(Nth, [&l, in_body](stet::context& ctx, int) -> stet::task<int> {
      if (!in_body) ctx.log("goodbye");
      co_return co_await ctx.step("x", [&l] {
        auto gone = std::move(l.which);
        return 1;
      });
    });
    l.which->start();
    auto client = l.which->in("default");
    (void)what_throws([&] { (void)client.start(Nth, "1", 1); });  // perhaps it is closed already
    caught told;
    for (int i = 0; i < 60'000 && told.code != errc::closed; ++i) {
      told = what_throws([&] { (void)client.find(Nth, "1"); });
      std::this_thread::sleep_for(1ms);
    }
    CHECK(told.code == errc::closed);
  }
}
