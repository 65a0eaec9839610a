// Questions to a run.
#include "engine/calls/queries.hpp"

#include "carts.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::signal<int> Set{"set"};
inline constexpr stet::query<int(int)> Plus{"plus"};

stet::task<int> keeps(stet::context& ctx) {
  int n = 0;
  auto plus = ctx.on(Plus, [&](int more) {
    if (more < 0) throw std::runtime_error("less");
    return n + more;
  });
  n = co_await ctx.receive(Set);
  co_await ctx.receive(Set);
  co_return n;
}

/// Adds the signals that it gets, for ever.
stet::task<int> counts(stet::context& ctx) {
  int n = 0;
  auto plus = ctx.on(Plus, [&](int more) { return n + more; });
  for (;;) n += co_await ctx.receive(Set);
}

struct fixture {
  fixture() {
    p.define("keeps", &keeps);
    r = p.start("a", "keeps");
  }
  void set(int n) {
    auto bytes = bytes_of(n);
    p->recorder.post_event(*r, event_named(record_kind::signal, "set", bytes));
  }
  std::string ask(int more, std::string_view name = "plus", std::string_view id = "a") {
    auto arguments = bytes_of(std::tuple<int>(more));
    return p.calls.queries.ask({0, "default", id}, name, arguments).value;
  }
  parts p;
  run_lease r;
};

}  // namespace

TEST_CASE("a run that is open answers as of now, and nothing of that is recorded") {
  fixture f;
  f.set(5);
  CHECK(f.ask(2) == bytes_of(7));
  auto records = f.r->state.records;
  CHECK(f.ask(3) == bytes_of(8));
  f.p->runs.frames.evict(*f.r);
  CHECK(f.ask(4) == bytes_of(9));
  CHECK(f.r->state.records == records);
}

TEST_CASE("a run that has ended answers as of its end") {
  for (bool completes : {true, false}) {
    fixture f;
    f.set(5);
    if (completes) f.set(6);
    f.p.settle();
    if (!completes) f.p->drive.ending.terminate(*f.r, "");
    CHECK(!f.r->state.open());
    CHECK(f.ask(2) == bytes_of(7));
  }
}

TEST_CASE("a run with a long history that has ended is asked in several turns") {
  fixture f;
  f.p.define("counts", &counts);
  auto r = f.p.start("long", "counts");
  f.p.settle();
  auto one = bytes_of(1);
  for (int i = 0; i < 2000; ++i)
    f.p->drive.driver.take_event(*r, event_named(record_kind::signal, "set", one));
  f.p->drive.ending.terminate(*r, "");
  f.p.settle();
  auto arguments = bytes_of(std::tuple<int>(7));
  auto& queries = f.p.calls.queries;
  const run_ref target{0, "default", "long"};
  slow_question q;
  int turns = 0;
  for (; !q.text; ++turns) (void)queries.go_on(target, "plus", arguments, q);
  CHECK(turns >= 3);
  CHECK(*q.text == bytes_of(2007));
  CHECK(queries.under_way() == 0);
  {
    slow_question given_up;  // by a caller whose next call was refused
    (void)queries.go_on(target, "plus", arguments, given_up);
  }
  slow_question of_erased;
  (void)queries.go_on(target, "plus", arguments, of_erased);
  CHECK(queries.under_way() == 1);
  REQUIRE(f.p.calls.eraser.erase_run(*r));
  r = {};
  CHECK_THROWS_AS((void)queries.go_on(target, "plus", arguments, of_erased), stet::error);
  CHECK(queries.under_way() == 0);
}

TEST_CASE("what a handler throws is the caller's, and a question without one is none") {
  fixture f;
  CHECK_THROWS_AS((void)f.ask(-1), users_exception);
  CHECK_THROWS_AS((void)f.ask(1, "other"), users_exception);
  CHECK_THROWS_AS((void)f.ask(1, "plus", "x"), stet::error);
  CHECK(f.r->state.open());
  CHECK(!f.r->state.stalled);
}

TEST_CASE("a run that hasn't begun has no handlers yet") {
  fixture f;
  f.r->state.begins_at = f.p->time.now() + 500;
  CHECK_THROWS_WITH_AS((void)f.ask(1), doctest::Contains("it begins at"), stet::error);
}

TEST_CASE("a run that has ended and that today's code doesn't fit can't be asked") {
  fixture f;
  f.p.settle();
  f.p->drive.ending.terminate(*f.r, "");
  f.r->state.version = "2";
  CHECK_THROWS_AS((void)f.ask(1), stet::error);
}

TEST_CASE("an entity that was never called answers as a new one") {
  fixture f;
  define_cart(f.p);
  auto none = bytes_of(std::tuple<>{});
  CHECK(f.p.calls.queries.ask({0, "default", "cart/ann"}, "sum", none).value == bytes_of(0));
  CHECK(!f.p->runs.table.latest("default", "cart/ann"));
}
