// G2, attempts that a close or a stall cuts short: they are no failures of their step.
#include <atomic>
#include <thread>

#include "completions.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(std::string)> Parent{"parent"};
inline constexpr stet::workflow<int(std::string)> OneStep{"one-step"};

constexpr stet::step_options once{.retry = {.max_attempts = 1}};

std::atomic<int> begun;

/// The first attempt goes on until it is asked to stop, and then throws as so many bodies do.
int stops(stet::step_context& s) {
  if (s.attempt() > 1) return 7;
  ++begun;
  while (!s.stop_requested()) std::this_thread::yield();
  throw std::runtime_error("stopped");
}

stet::task<int> one_step(stet::context& ctx, std::string kind, outside<int>& taken) {
  if (kind == "function") co_return co_await ctx.step("x", once, stops);
  if (kind == "owning") {
    auto body = [kind](stet::step_context& s) { return stops(s) + (kind.empty() ? 1 : 0); };
    co_return co_await ctx.step("x", once, stet::owning(body));
  }
  if (kind == "captures")
    co_return co_await ctx.step("x", once, [&](stet::step_context& s) { return stops(s); });
  if (kind == "not retryable")
    co_return co_await ctx.step(
        "x", {.retry = {.retryable = [](const std::exception&) { return false; }}}, stops);
  if (kind == "in time")
    co_return co_await ctx.step("x", {.retry = {.max_attempts = 1}, .timeout = 1h}, stops);
  if (kind == "scope") {
    auto both = co_await stet::all(ctx.step("x", once, stops), ctx.step("y", [] { return 0; }));
    co_return std::get<0>(both);
  }
  co_return co_await ctx.step("x", once, [&taken](stet::completion<int> done) {
    if (done.attempt() > 1) return (void)done.resolve(7);
    taken.take(done);
    ++begun;
    done.on_stop([&taken] { taken.next()->reject(std::runtime_error("stopped")); });
  });
}

}  // namespace

TEST_CASE("a body that ends by an exception because the engine closes isn't an attempt that failed") {
  for (auto kind : {"function", "owning", "captures", "not retryable", "in time", "scope",
                    "completion"}) {
    for (bool as_child : {false, true}) {
      CAPTURE(kind);
      CAPTURE(as_child);
      world w(cell{.threads = 2});
      outside<int> taken;
      begun = 0;
      w.open([&](stet::engine& e) {
        e.define(OneStep, [&](stet::context& ctx, std::string what) {
          return one_step(ctx, std::move(what), taken);
        });
        e.define(Parent, [](stet::context& ctx, std::string what) -> stet::task<int> {
          co_return co_await ctx.child(OneStep, "child", what);
        });
      });
      if (as_child) w.engine().run(Parent, "r", kind);
      else w.engine().run(OneStep, "r", kind);
      w.until([&] { return begun == 1; });
      w.close();
      w.reopen();
      auto& name = as_child ? Parent : OneStep;
      CHECK(w.run(name, "r", kind) == 7);
      w.close();
      CHECK(stet::check(*w.store()).ok());
    }
  }
}
