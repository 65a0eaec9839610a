// The table of the runs in memory.
#include "engine/runs/run_table.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

/// Makes everything durable, so that all idle runs may be dropped.
void write_all(parts& p) {
  for (auto& [run, r] : p->runs.table.all()) p->commit.checkpointer.slice(*r);
  p->commit.make_durable();
}

}  // namespace

TEST_CASE("a run is found by its number and by its id") {
  parts p;
  auto r = p.start("a");
  CHECK(p->runs.table.find(r->state.run) == &*r);
  CHECK(p->runs.table.latest("default", "a") == r->state.run);
  CHECK(!p->runs.table.latest("default", "b"));
  CHECK(!p->runs.table.latest("other", "a"));
}

TEST_CASE(
    "a run stays in memory while something of it is unsaved, is queued, or a lease holds it") {
  parts p;
  run_number run;
  {
    auto r = p.start("a");
    run = r->state.run;
  }
  CHECK(p->runs.table.find(run) != nullptr);  // it is on the agenda, and unsaved
  CHECK(p->runs.agenda.take() == run);
  {
    auto r = p->runs.table.load(run);
    r->queued = false;
    write_all(p);
    CHECK(p->runs.table.find(run) != nullptr);
    CHECK(p->runs.table.is_idle(*r) == false);  // this lease keeps it
  }
  CHECK(p->runs.table.find(run) == nullptr);
}

TEST_CASE("a run that left memory is read again, the same") {
  parts p;
  auto run = p.start("a")->state.run;
  (void)p->runs.agenda.take();
  p->runs.table.load(run)->queued = false;
  write_all(p);
  REQUIRE(p->runs.table.find(run) == nullptr);
  auto r = p->runs.table.load(run);
  REQUIRE(r);
  CHECK(r->state.id == "a");
  CHECK(r->state.undriven == 1);
  CHECK(p->runs.history.stored(*r).size() > 0);
  CHECK(p->runs.table.latest("default", "a") == run);
}

TEST_CASE("a run that doesn't exist is told from one that can't be read") {
  auto memory = stet::memory::open();
  parts p(std::move(memory));
  CHECK(!p->runs.table.load(run_number(77)));
  CHECK(!p->runs.table.exists(run_number(77)));
  CHECK(!p->runs.table.must_read(run_number(77), "x"));
  auto run = p.start("a")->state.run;
  (void)p->runs.agenda.take();
  p->runs.table.load(run)->queued = false;
  write_all(p);
  stet::batch damage;
  damage.put(keys::snapshot(run), "nonsense");
  p->services.store.commit(damage, stet::durability::sync);
  CHECK(p->runs.table.exists(run));
  CHECK_THROWS_AS((void)p->runs.table.must_read(run, "a"), unreadable_run);
  CHECK(p.heard.heard("can't be read"));
}

TEST_CASE("a run that is being erased is hidden, though the store still shows it") {
  parts p;
  auto run = p.start("a")->state.run;
  (void)p->runs.agenda.take();
  p->runs.table.load(run)->queued = false;
  write_all(p);
  p->runs.table.erased.add(run);
  CHECK(!p->runs.table.load(run));
  CHECK(!p->runs.table.peek(run));
  CHECK(!p->runs.table.latest("default", "a"));
}

TEST_CASE("a forgotten run lives as long as its last lease") {
  parts p;
  auto r = p.start("a");
  auto run = r->state.run;
  p->drive.entry.forget_run(*r);
  CHECK(p->runs.table.find(run) == nullptr);
  CHECK(r->state.id == "a");
}
