// Finding the run that a caller means.
#include "engine/runs/run_finder.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> Chain{"chain"};
stet::task<int> chain(stet::context& ctx, int left) {
  if (left > 0) co_return co_await ctx.continue_as_new(Chain, left - 1);
  co_await ctx.sleep(std::chrono::hours(1));
  co_return 1;
}

/// Makes three runs, each of which continues the one before. Returns their numbers.
std::vector<run_number> three_links(parts& p) {
  p.define("chain", &chain);
  std::vector<run_number> runs{p.start("c", "chain", 2)->state.run};
  p.settle();
  for (auto next = p->runs.table.load(runs[0])->state.next; next;
       next = p->runs.table.load(next)->state.next)
    runs.push_back(next);
  REQUIRE(runs.size() == 3);
  return runs;
}
void erase(parts& p, run_number run) {
  auto r = p->runs.table.load(run);
  REQUIRE(p.calls.eraser.erase_run(*r));
}
void end(parts& p, run_number run) {
  auto r = p->runs.table.load(run);
  p->drive.ending.terminate(*r, "");
}
run_number number(const run_lease& r) { return r ? r->state.run : no_run; }

}  // namespace

TEST_CASE("a run is found by its number, or the latest by its id") {
  parts p;
  auto runs = three_links(p);
  auto& f = p->runs.finder;
  CHECK(number(f.must_find({runs[0].value(), "default", "c"})) == runs[0]);
  CHECK(number(f.must_find({0, "default", "c"})) == runs[2]);
  CHECK_THROWS_WITH_AS((void)f.must_find({0, "default", "x"}), doctest::Contains("no run"),
                       stet::error);
  CHECK_THROWS_WITH_AS((void)f.must_find({99, "default", "c"}), doctest::Contains("erased"),
                       stet::error);
}

TEST_CASE("whoever asks for a run of a chain is led to the one that goes on") {
  parts p;
  auto runs = three_links(p);
  auto& f = p->runs.finder;
  for (auto run : {runs[0], runs[1], runs[2], no_run})
    CHECK(number(f.last_of_chain({run.value(), "default", "c"})) == runs[2]);
  CHECK(number(f.must_find_or_follow({runs[1].value(), "default", "c"})) == runs[1]);
}

TEST_CASE("a chain is found though its first runs are erased") {
  parts p;
  auto runs = three_links(p);
  erase(p, runs[0]);
  erase(p, runs[1]);
  auto& f = p->runs.finder;
  CHECK(number(f.chain_of({runs[0].value(), "default", "c"})) == runs[2]);
  CHECK(number(f.must_find_or_follow({runs[1].value(), "default", "c"})) == runs[2]);
}

TEST_CASE("a run that goes on by a run that is erased is the last of its chain") {
  parts p;
  auto runs = three_links(p);
  end(p, runs[2]);
  erase(p, runs[2]);
  CHECK(number(p->runs.finder.last_of_chain(p->runs.table.load(runs[0]))) == runs[1]);
}

TEST_CASE("another chain of the id isn't taken for this one") {
  parts p;
  auto runs = three_links(p);
  end(p, runs[2]);
  auto later = p.start("c", "chain", 0)->state.run;
  auto& f = p->runs.finder;
  CHECK(number(f.last_of_chain({runs[1].value(), "default", "c"})) == runs[2]);
  CHECK(number(f.chain_of({later.value(), "default", "c"})) == later);
  CHECK(!number(f.chain_of({0, "default", "x"})));
}

TEST_CASE("a run that can't be read is told from one that isn't there") {
  parts p;
  auto run = p.start("a")->state.run;
  p.damage(run);
  CHECK_THROWS_AS((void)p->runs.finder.must_find({run.value(), "default", "a"}), unreadable_run);
  CHECK_THROWS_AS((void)p->runs.finder.must_find({0, "default", "a"}), unreadable_run);
}
