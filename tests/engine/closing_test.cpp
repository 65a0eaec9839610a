// How an engine is closed.
#include "engine/loop/closing.hpp"

#include "stepping.hpp"

using namespace stet_tests;

namespace {

/// The parts that close an engine. The close has begun.
struct closes {
  explicit closes(parts& p) : t(*p, p.calls), c(*p, t) { p->inbox.begin_close(); }
  turns t;
  closing c;
};
bool has_blocks(parts& p) {
  auto from = keys::all(keys::space::journal), to = keys::end_of(from);
  bool any = false;
  scan(p->services.store, {from, to}, [&](std::string_view, std::string_view) {
    any = true;
    return false;
  });
  return any;
}

}  // namespace

TEST_CASE("a close writes every run, and leaves no blocks") {
  parts p;
  auto a = p.start("a")->state.run, b = p.start("b")->state.run;
  p.settle();
  REQUIRE(has_blocks(p));
  closes(p).c.finish();
  CHECK(!has_blocks(p));
  CHECK(p->services.store.get(keys::snapshot(a)));
  CHECK(p->services.store.get(keys::snapshot(b)));
}

TEST_CASE("a step that never began is noted as that, and what came back counts") {
  for (bool came_back : {false, true}) {
    stepping s;
    if (came_back) {
      (void)s.p->commit.commit();
      REQUIRE(s.p->advance.gate.open());
    }
    closes(s.p).c.finish();
    CHECK(s.r->attempts.empty());
    CHECK(s.r->state.open() == !came_back);
    if (!came_back) CHECK(s.step().at == pending::phase::not_started);
  }
}

TEST_CASE("who waits for a run is told that the engine ends, and what was asked is answered") {
  parts p;
  auto r = p.start("a");
  outcome_call end({r->state.run.value(), "default", "a"});
  p->inbox.post(end);
  noted_call asks;
  p->inbox.post(asks);
  closes(p).c.finish();
  CHECK(asks.error().empty());
  CHECK(asks.is_done());
  CHECK_THROWS_WITH_AS(end.rethrow(), doctest::Contains("closed"), stet::error);
}

TEST_CASE("a pending step is left behind at once, unless its body captures") {
  stepping s(&one_pending_step);
  auto& a = s.a();
  s.p->bodies.gate.clear();
  a.later = new completion_state(a);
  std::optional<stet::completion<int>> handle;
  handle.emplace(*a.later);
  a.at = attempt::phase::running;
  (void)a.later->body_returned(nullptr);
  closes(s.p).c.finish();
  CHECK(handle->stop_requested());
  CHECK(!handle->resolve(1));
  CHECK(s.r->attempts.empty());
  CHECK(s.step().at == pending::phase::waiting);  // as a crash leaves it
}

TEST_CASE("a close with a limit leaves bodies behind that haven't returned by then") {
  stepping s(&one_capturing_step);
  s.p->bodies.gate.clear();
  s.a().at = attempt::phase::running;
  closes close(s.p);
  close.c.set_limit(std::chrono::steady_clock::now());
  close.c.end_bodies();
  CHECK(close.c.left_bodies);
  s.a().at = attempt::phase::left;
}

TEST_CASE("a close that has no room says so, and nothing more is written") {
  auto faults = std::make_shared<stet::testing::faults>();
  parts p(std::make_unique<stet::testing::fault_store>(stet::memory::open(), faults));
  auto run = p.start("a")->state.run;
  faults->fail_next(stet::testing::store_call::commit, stet::testing::fault::refused,
                    stet::testing::faults::for_ever);
  closes close(p);
  CHECK_THROWS_WITH_AS(close.c.finish(), doctest::Contains("no room"), stet::error);
  CHECK(!p->services.store.get(keys::snapshot(run)));
}

TEST_CASE("an engine that has failed writes nothing at its close") {
  parts p;
  auto r = p.start("a");
  closes close(p);
  p->inbox.fail(std::make_exception_ptr(std::runtime_error("broken")));
  close.c.finish();
  CHECK(!p->journal.durable_lsn());
}
