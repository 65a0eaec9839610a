// Which runs are written to their snapshots, and when.
#include "engine/commit/checkpointer.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

void signal(parts& p, resident& r, std::size_t bytes) {
  std::string some(bytes, 'x');
  p->recorder.post_event(r, event_named(record_kind::signal, "s", some));
  (void)p->commit.commit();
}
void end(parts& p, resident& r) {
  p->recorder.append_note(r, event_named(record_kind::terminated, ""));
  p->commit.checkpointer.add_ended(r.state.run);
}
bool is_stored(parts& p, run_number run) {
  return p->services.store.get(keys::snapshot(run)).has_value();
}

}  // namespace

TEST_CASE("a run that goes on is not written while its blocks are young") {
  parts p;
  auto r = p.start("a");
  signal(p, *r, 10);
  CHECK(r->dirty_since);
  CHECK(!is_stored(p, r->state.run));
}

TEST_CASE("a run that has ended is written with its last record, once") {
  parts p;
  auto r = p.start("a");
  end(p, *r);
  CHECK(p->commit.checkpointer.has_ended());
  std::vector<run_number> unindexed;
  auto look = [&] {
    unindexed.clear();
    p->commit.checkpointer.for_each_unindexed([&](auto run) { unindexed.push_back(run); });
    return unindexed.size();
  };
  CHECK(look() == 1);
  p->commit.checkpointer.slice_ended();
  CHECK(!p->commit.checkpointer.has_ended());
  CHECK(look() == 1);  // its slice is on its way
  CHECK(r->riding);
  auto written = p->journal.extra_writes().operations().size();
  p->commit.checkpointer.slice(*r);  // writes nothing: there are no new records
  CHECK(p->journal.extra_writes().operations().size() == written);
  (void)p->commit.commit();
  CHECK(look() == 0);
  CHECK(is_stored(p, r->state.run));
  CHECK(!r->riding);
}

TEST_CASE("runs that hold up old blocks are written when there are too many of these") {
  parts p(stet::memory::open(), {.tail_bytes_max = 4096});
  auto old = p.start("old"), young = p.start("young");
  (void)p->commit.commit();
  for (int i = 0; i < 3; ++i) signal(p, *young, 800);
  CHECK(is_stored(p, old->state.run));
  CHECK(!old->dirty_since);
  CHECK(p->journal.kept_bytes() < 4096);
}

TEST_CASE("after a start that has runs to revive, four times as much is kept") {
  parts p(stet::memory::open(), {.tail_bytes_max = 4096});
  p->commit.checkpointer.start(true);
  auto old = p.start("old"), young = p.start("young");
  for (int i = 0; i < 6; ++i) signal(p, *young, 800);
  CHECK(!is_stored(p, old->state.run));
  for (int i = 0; i < 6; ++i) signal(p, *young, 800);
  CHECK(is_stored(p, old->state.run));
}

TEST_CASE("no pass begins while the engine closes: it would leave blocks behind") {
  parts p(stet::memory::open(), {.tail_bytes_max = 4096});
  auto old = p.start("old"), young = p.start("young");
  p->inbox.begin_close();
  for (int i = 0; i < 6; ++i) signal(p, *young, 800);
  CHECK(!is_stored(p, old->state.run));
}

TEST_CASE("a run that was written is dropped from memory when it is idle and durable") {
  parts p;
  auto run = p.start("a")->state.run;
  auto* r = p->runs.table.find(run);
  REQUIRE(r);
  r->queued = false;
  p->commit.checkpointer.slice(*r);
  CHECK(p->runs.table.find(run) != nullptr);
  (void)p->commit.commit();
  CHECK(p->runs.table.find(run) == nullptr);
}
