// Leases keep runs in memory.
#include "engine/runs/lease.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

/// A run that is idle, and only in the store.
run_number idle_run(parts& p, std::string_view id) {
  auto run = p.start(id)->state.run;
  p.put_away(run);
  REQUIRE(!p->runs.table.find(run));
  return run;
}

}  // namespace

TEST_CASE("the last lease that goes takes an idle run from memory") {
  parts p;
  auto run = idle_run(p, "a");
  {
    auto first = p->runs.table.load(run);
    {
      auto second = p->runs.table.hold(*first);
      CHECK(first->leases == 2);
    }
    CHECK(p->runs.table.find(run) != nullptr);
  }
  CHECK(!p->runs.table.find(run));
}

TEST_CASE("a lease that was moved from holds nothing") {
  parts p;
  auto run = idle_run(p, "a"), other = idle_run(p, "b");
  auto a = p->runs.table.load(run);
  run_lease to(std::move(a));
  CHECK(!a);  // NOLINT(bugprone-use-after-move)
  CHECK(to->leases == 1);
  to = p->runs.table.load(other);
  CHECK(to->state.id == "b");
  CHECK(!p->runs.table.find(run));
  to = {};
  CHECK(!to);
  CHECK(!p->runs.table.find(other));
}

TEST_CASE("an empty lease is none of a run") {
  run_lease none;
  CHECK(!none);
  parts p;
  CHECK(!p->runs.table.load(run_number(77)));
}

TEST_CASE("a run with something under way outlives its leases") {
  parts p;
  auto run = p.start("a")->state.run;  // it is unsaved, and on the agenda
  CHECK(p->runs.table.find(run) != nullptr);
  CHECK(p->runs.table.find(run)->leases == 0);
}
