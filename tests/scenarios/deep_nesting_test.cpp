// The engine's call stack doesn't grow with the depth of families, chains or workflows.
#include <pthread.h>

#include <stet/check.hpp>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> Nested{"nested"};
inline constexpr stet::workflow<int(int)> Chain{"chain"};
inline constexpr stet::workflow<int()> Scoped{"scoped"};
inline constexpr stet::signal<void> Go{"go"};

constexpr int generations = 8000;
#if defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
constexpr std::size_t stack_bytes = 2 << 20;  // a sanitizer's frames are larger
#else
constexpr std::size_t stack_bytes = 512 << 10;
#endif

/// Has `left` generations of descendants.
stet::task<int> nested(stet::context& ctx, int left) {
  if (left > 0) co_return 1 + co_await ctx.child(Nested, std::to_string(left - 1), left - 1);
  co_await ctx.receive(Go);
  co_return 0;
}

stet::task<int> scoped(stet::context& ctx, int depth) {
  if (depth == 0) {
    co_await ctx.receive(Go);
    co_return 0;
  }
  auto deeper = [depth](stet::context& c) -> stet::task<int> { return scoped(c, depth - 1); };
  auto waits = [](stet::context& c) -> stet::task<int> {
    co_await c.sleep(1h);
    co_return 0;
  };
  auto [a, b] = co_await stet::all(deeper, waits);
  co_return a + b + 1;
}

void define_all(stet::engine& e) {
  e.define(Nested, nested);
  e.define(Chain, [](stet::context& ctx, int left) -> stet::task<int> {
    if (left > 0) co_return co_await ctx.continue_as_new(Chain, left - 1);
    co_await ctx.receive(Go);
    co_return 1;
  });
  e.define(Scoped, [](stet::context& ctx) -> stet::task<int> { return scoped(ctx, 300); });
}

/// Calls `f` on a thread with a small stack.
void on_a_small_stack(const std::function<void()>& f) {
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, stack_bytes);
  pthread_t thread{};
  auto call = [](void* g) -> void* {
    (*static_cast<const std::function<void()>*>(g))();
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &small, call, const_cast<void*>(static_cast<const void*>(&f))) ==
          0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&small);
}

const std::string oldest = std::to_string(generations);
const std::string newest = "0";

void check_all_over(world& w) {
  CHECK(w.engine().admin().open_runs().empty());
  CHECK(w.engine().admin().count() == generations + 1);
}

}  // namespace

TEST_CASE("a family of 8,000 generations ends with its oldest, before and behind a restart") {
  for (bool again : {false, true}) {
    CAPTURE(again);
    on_a_small_stack([again] {
      world w;
      w.open(define_all);
      (void)w.engine().start(Nested, oldest, generations);
      w.settle();
      if (again) w.restart();
      w.engine().terminate(oldest);
      w.settle();
      check_all_over(w);
      CHECK(w.engine().admin().describe(newest).value().status == stet::status::terminated);
      w.restart();
      check_all_over(w);
    });
  }
}

TEST_CASE("a family of 8,000 generations is cancelled, and completes, and is erased") {
  for (bool cancels : {false, true}) {
    CAPTURE(cancels);
    on_a_small_stack([cancels] {
      world w;
      w.open(define_all);
      auto run = w.engine().start(Nested, oldest, generations);
      w.settle();
      w.restart();
      if (cancels) w.engine().cancel(oldest);
      else w.engine().signal(newest, Go);
      w.settle();
      check_all_over(w);
      auto status = w.engine().admin().describe(oldest).value().status;
      CHECK(status == (cancels ? stet::status::cancelled : stet::status::completed));
      CHECK(w.engine().admin().erase(oldest, {.children = true}) == generations + 1);
    });
  }
}

TEST_CASE("a chain of 8,000 runs is followed, terminated and erased on a small stack") {
  on_a_small_stack([] {
    world w;
    w.open(define_all);
    auto run = w.engine().start(Chain, "c", generations);
    w.settle();
    w.restart();
    CHECK(w.engine().find(Chain, "c")->status() == stet::status::running);
    w.engine().terminate("c");
    CHECK(w.engine().admin().open_runs().empty());
    CHECK(w.engine().admin().erase("c") == generations + 1);
  });
}

TEST_CASE("scopes in scopes, and all in all, are cancelled and destroyed on a small stack") {
  on_a_small_stack([] {
    for (bool cancels : {false, true}) {
      world w;
      w.open(define_all);
      (void)w.engine().start(Scoped, "s");
      w.settle();
      w.restart();
      w.settle();
      if (cancels) w.engine().cancel("s");
      else w.engine().terminate("s");
      w.settle();
      CHECK(w.engine().admin().open_runs().empty());
    }
  });
}
