// Lists and counts of runs.
#include "engine/calls/lists.hpp"

#include <algorithm>

#include "parts.hpp"

using namespace stet_tests;

namespace {

using kind = listing::kind;

/// Three runs: a is in the store, b is on its way there, and c is in memory and has ended.
struct fixture {
  fixture() {
    auto a = p.start("a")->state.run;
    auto b = p.start("b");
    p.settle();
    p.put_away(a);
    p->commit.checkpointer.slice(*b);
    faults->fail_next(stet::testing::store_call::commit, stet::testing::fault::refused);
    (void)p->commit.commit();
    REQUIRE(p->runs.table.rides_in_block(*b));
    auto c = p.start("c");
    p->recorder.append_note(*c, event_named(record_kind::terminated, "why"));
  }
  listing list(std::string_view filter, kind k = kind::rows, std::size_t rows_max = SIZE_MAX) {
    listing l("default", filter, k);
    l.rows_max = rows_max;
    go_on(l);
    return l;
  }
  void go_on(listing& l) {
    while (!l.done) (void)p.calls.lists.go_on(l, whole);
  }
  void write() {
    p.pass(std::chrono::seconds(1));
    while (p->commit.commit()) {}
  }
  std::shared_ptr<const void> whole = std::make_shared<int>(1);
  std::shared_ptr<stet::testing::faults> faults = std::make_shared<stet::testing::faults>();
  parts p{std::make_unique<stet::testing::fault_store>(stet::memory::open(), faults)};
};

std::string ids(const listing& l) {
  std::string all;
  for (auto& row : l.rows) all += row.id;
  return all;
}

}  // namespace

TEST_CASE("a list has every run once, the latest first, wherever it stands") {
  fixture f;
  CHECK(ids(f.list("")) == "cba");
  CHECK(ids(f.list("ExecutionStatus = 'Running'")) == "ba");
  CHECK(ids(f.list("ExecutionStatus = 'Terminated'")) == "c");
  auto c = f.list("ExecutionStatus = 'Terminated'").rows.at(0);
  CHECK(c.reason == "why");
  f.write();
  CHECK(ids(f.list("")) == "cba");
}

TEST_CASE("a list goes on where it stopped, and may go back") {
  fixture f;
  auto l = f.list("", kind::rows, 1);
  CHECK(ids(l) == "c");
  auto here = l.here();
  l.rows_max = SIZE_MAX;
  l.done = false;
  f.go_on(l);
  CHECK(ids(l) == "cba");
  l.go_back(here);
  CHECK(!l.done);
  CHECK(ids(l) == "c");
  f.go_on(l);
  CHECK(ids(l) == "cba");
}

TEST_CASE("counts say what lists say") {
  fixture f;
  CHECK(f.list("", kind::number).number == 3);
  CHECK(f.list("ExecutionStatus = 'Running'", kind::number).number == 2);
  CHECK(f.list("WorkflowId = 'a'", kind::number).number == 1);
  auto by_status = f.list("", kind::by_status).by_status;
  CHECK(by_status[{"sleeper", stet::status::running}] == 2);
  CHECK(by_status[{"sleeper", stet::status::terminated}] == 1);
  CHECK(by_status.size() == 2);
}

TEST_CASE("a filter with many values is looked up over several turns") {
  fixture f;
  f.write();
  std::string ids = "WorkflowId IN ('a'";
  for (int i = 1; i < 1000; ++i) ids += ",'" + std::to_string(i) + "'";
  listing l("default", ids + ")", kind::number);
  int turns = 0;
  for (; !l.done; ++turns) (void)f.p.calls.lists.go_on(l, f.whole);
  CHECK(turns >= 5);
  CHECK(l.number == 1);
}

TEST_CASE("a run that is erased is in no list, though the store still shows it") {
  fixture f;
  f.write();
  auto c = f.p->runs.finder.must_find({0, "default", "c"});
  f.p->commit.checkpointer.slice(*c);
  f.write();
  REQUIRE(f.p.calls.eraser.erase_run(*c));
  c = {};
  CHECK(ids(f.list("")) == "ba");
  CHECK(f.list("", kind::number).number == 2);
  CHECK(f.list("CloseTime IS NOT NULL", kind::number).number == 0);
}

TEST_CASE("another namespace has runs of its own") {
  fixture f;
  listing l("other", "", kind::rows);
  l.rows_max = SIZE_MAX;
  f.go_on(l);
  CHECK(l.rows.empty());
}

TEST_CASE("the ids of open runs are those after an id, of one namespace") {
  fixture f;
  auto open_ids = [&](std::string_view name_space, std::string after) {
    listing l(name_space, listing::open_runs, kind::ids);
    l.after = std::move(after);
    f.go_on(l);
    std::sort(l.ids.begin(), l.ids.end());
    return l.ids;
  };
  using ids = std::vector<std::string>;
  CHECK(open_ids("default", "") == ids{"a", "b"});
  CHECK(open_ids("default", "a") == ids{"b"});
  CHECK(open_ids("other", "").empty());
}

TEST_CASE(
    "the ids of many open runs take several turns, and one that is done again adds none twice") {
  constexpr std::size_t many = 2500;
  fixture f;
  f.write();
  std::vector<run_number> runs;
  for (std::size_t i = 0; i < many; ++i)
    runs.push_back(f.p.start("many " + std::to_string(i))->state.run);
  f.p.settle();
  for (auto run : runs)
    if (auto r = f.p->runs.table.load(run)) {
      f.p->drive.entry.evict_now(*r);
      f.p->commit.checkpointer.slice(*r);
    }
  while (f.p->commit.commit()) {}
  REQUIRE(f.p->runs.table.all().size() < many);
  listing l("default", listing::open_runs, kind::ids);
  std::size_t turns = 0;
  for (; !l.done; ++turns) {
    auto begin = l.here();
    (void)f.p.calls.lists.go_on(l, f.whole);
    if (turns != 1) continue;
    l.go_back(begin);
    (void)f.p.calls.lists.go_on(l, f.whole);
  }
  CHECK(turns > 1);
  CHECK(l.ids.size() == many + 2);
}

TEST_CASE("a page that is full in one turn notes nothing of the runs that it doesn't reach") {
  fixture f;
  for (int i = 0; i < 50; ++i) f.p.start("many " + std::to_string(i));
  auto l = f.list("", kind::rows, 3);
  CHECK(l.rows.size() == 3);
  CHECK(l.ahead.empty());
}
