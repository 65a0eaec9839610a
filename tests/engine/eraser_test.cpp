// Erasing runs on request.
#include "engine/calls/eraser.hpp"

#include <optional>

#include "families.hpp"
#include "stepping.hpp"

using namespace stet_tests;

namespace {

std::size_t erase(parts& p, std::string_view id, stet::erase_options o = {}) {
  return p.calls.eraser.erase({0, "default", id}, o).value;
}
/// How many keys in the store end with the number of this run.
std::size_t traces(parts& p, run_number run) {
  while (p->commit.commit()) {}
  std::size_t n = 0;
  for (auto space :
       {keys::space::snapshot, keys::space::ids, keys::space::timers, keys::space::index}) {
    auto from = keys::all(space), to = keys::end_of(from);
    scan(p->services.store, {from, to}, [&](std::string_view key, std::string_view) {
      n += keys::last_run(key) == run;
      return true;
    });
  }
  return n + p->services.store.get(keys::history(run, 0)).has_value();
}

}  // namespace

TEST_CASE("a run that has ended goes, from memory at once and from the store with the block") {
  parts p;
  auto run = p.start("a")->state.run;
  p.put_away(run);
  REQUIRE(traces(p, run) > 3);
  auto r = p->runs.table.load(run);
  p->drive.ending.terminate(*r, "");
  r = {};
  CHECK(erase(p, "a") == 1);
  CHECK(!p->runs.table.load(run));
  CHECK(!p->runs.table.latest("default", "a"));
  CHECK(traces(p, run) == 0);
  CHECK_THROWS_AS((void)erase(p, "a"), stet::error);
}

TEST_CASE("a run that is open stays, unless it is to be terminated") {
  parts p;
  auto r = p.start("a");
  CHECK_THROWS_WITH_AS((void)erase(p, "a"), doctest::Contains("is open"), stet::error);
  CHECK(r->state.open());
  CHECK(erase(p, "a", {.terminate = true}) == 1);
  CHECK(!r->state.open());
}

TEST_CASE("an earlier run of an id goes as well, though no index knows it yet") {
  parts p;
  const auto first = p.start("a")->state.run;
  {
    auto r = p->runs.table.load(first);
    p->drive.ending.terminate(*r, "");
  }
  const auto second = p.start("a")->state.run;
  CHECK(p->runs.table.latest_below("default", "a", second) == first);
  CHECK(erase(p, "a", {.terminate = true}) == 2);
  CHECK(traces(p, first) + traces(p, second) == 0);
  CHECK(!p->runs.table.latest("default", "a"));
  CHECK(!p->runs.table.exists(first));
}

TEST_CASE("all runs of an id go, or none") {
  parts p;
  auto first = p.start("a");
  p->drive.ending.terminate(*first, "");
  while (p->commit.commit()) {}
  auto second = p.start("a");
  CHECK_THROWS_AS((void)erase(p, "a"), stet::error);
  CHECK(p->runs.table.exists(first->state.run));
  p->drive.ending.terminate(*second, "");
  CHECK(erase(p, "a") == 2);
}

TEST_CASE("a run goes with those that it started, if that is asked, and not others of their ids") {
  for (bool children : {false, true}) {
    family f;
    f.p->drive.ending.terminate(*f.parent, "");  // its child is terminated, too
    while (f.p->commit.commit()) {}
    auto other = f.p.start("child");
    CHECK(erase(f.p, "parent", {.children = children}) == (children ? 2 : 1));
    CHECK(f.p->runs.table.exists(f.child->state.run) == !children);
    CHECK(other->state.open());
  }
}

TEST_CASE("a run of which a body still runs stays as it is") {
  stepping s;
  s.a().ticket.submitted = true;
  s.a().at = attempt::phase::running;
  CHECK_THROWS_WITH_AS((void)erase(s.p, "a", {.terminate = true}), doctest::Contains("still runs"),
                       stet::error);
  CHECK(s.r->state.open());
  s.p->drive.ending.terminate(*s.r, "");
  CHECK(!s.p.calls.eraser.erase_run(*s.r));
  CHECK_THROWS_WITH_AS((void)erase(s.p, "a"), doctest::Contains("still runs"), stet::error);
  s.a().at = attempt::phase::left;
  s.p->bodies.gate.clear();
  s.p->bodies.inline_returned.push(s.a());
  (void)s.p->advance.returns.take();
  CHECK(erase(s.p, "a") == 1);
}

TEST_CASE("a step that waits in the gate, or for its completion, doesn't hold up an erasure") {
  stepping waits, pends(&one_pending_step);
  auto& held = waits.a();  // as a suspect is, while its total time passes
  held.ticket.deadline = waits.p->time.now() + 1000;
  waits.p->time.timers.add(held.ticket.deadline, held.order.run, timer_of(held));
  CHECK(erase(waits.p, "a", {.terminate = true}) == 1);
  CHECK(waits.p->bodies.gate.empty());
  CHECK(waits.p->time.timers.size() == 0);
  auto& a = pends.a();
  pends.p->bodies.gate.clear();
  a.ticket.submitted = true;
  a.later = new completion_state(a);
  std::optional<stet::completion<int>> handle;
  handle.emplace(*a.later);
  a.at = attempt::phase::running;
  CHECK(!a.later->body_returned(nullptr));
  REQUIRE(a.is_pending());
  CHECK(erase(pends.p, "a", {.terminate = true}) == 1);
  CHECK(pends.r->attempts.empty());
  CHECK(!handle->resolve(1));
}

TEST_CASE("a run that can't be read goes by what the indexes know, if it isn't open") {
  parts p;
  auto open = p.start("open")->state.run, ended = p.start("ended")->state.run;
  {
    auto r = p->runs.table.load(ended);
    p->drive.ending.terminate(*r, "");
  }
  p.damage(open);
  p.damage(ended);
  CHECK_THROWS_WITH_AS((void)erase(p, "open"), doctest::Contains("can't be read"), stet::error);
  CHECK(erase(p, "ended") == 1);
  CHECK(erase(p, "open", {.terminate = true}) == 1);
  CHECK(traces(p, open) == 0);
  CHECK(traces(p, ended) == 0);
}

TEST_CASE("who waits for a run that can't be read and is erased gets that as the end") {
  family f;
  auto child = f.child->state.run;
  f.child = {};
  f.p.damage(child);
  CHECK(erase(f.p, "child", {.terminate = true}) == 1);
  CHECK(f.p.count(*f.parent, record_kind::child_failed) == 1);
}

TEST_CASE("what is owed to a run goes with it") {
  parts p;
  auto r = p.start("a");
  auto run = r->state.run;
  p->runs.debts.owe(run, {});
  p->drive.ending.terminate(*r, "");
  CHECK(erase(p, "a") == 1);
  CHECK(!p->runs.debts.has(run));
}
