// Retention.
#include "engine/calls/sweeper.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> Chain{"chain"};
stet::task<int> chain(stet::context& ctx, int left) {
  if (left > 0) co_return co_await ctx.continue_as_new(Chain, left - 1);
  co_await ctx.sleep(std::chrono::hours(1));
  co_return 1;
}

struct fixture {
  explicit fixture(int keep = 1000)
      : p(stet::memory::open(), {.retention = stet::duration(keep)}) {}
  run_number ended(std::string_view id) {
    auto r = p.start(id);
    p->drive.ending.terminate(*r, "");
    return r->state.run;
  }
  void write() {
    while (p->commit.commit()) {}
  }
  bool sweep() {
    bool any = p.calls.sweeper.sweep();
    write();
    return any;
  }
  bool is_there(run_number run) { return p->runs.table.exists(run); }
  parts p;
};

}  // namespace

TEST_CASE("a run that ended goes when it was kept long enough, and an open one stays") {
  fixture f;
  auto run = f.ended("a"), open = f.p.start("open")->state.run;
  f.write();
  CHECK(!f.sweep());
  f.p.pass(stet::duration(999));
  CHECK(!f.sweep());
  CHECK(f.is_there(run));
  f.p.pass(stet::duration(1));
  CHECK(f.sweep());
  CHECK(!f.is_there(run));
  CHECK(f.is_there(open));
  CHECK(!f.sweep());
}

TEST_CASE("runs that end later are found later, in a sweep of their own") {
  fixture f;
  auto a = f.ended("a");
  f.write();
  f.p.pass(stet::duration(600));
  auto b = f.ended("b");
  f.write();
  f.p.pass(stet::duration(400));
  CHECK(f.sweep());
  CHECK(!f.is_there(a));
  CHECK(f.is_there(b));
  f.p.pass(stet::duration(600));
  CHECK(f.sweep());
  CHECK(!f.is_there(b));
}

TEST_CASE("without a retention nothing goes, and a namespace may have its own") {
  fixture f(0);
  auto run = f.ended("a");
  f.write();
  f.p->runs.sweeps.next = {};
  f.p.pass(std::chrono::hours(1));
  CHECK(!f.sweep());
  CHECK(f.is_there(run));
  f.p->runs.sweeps.keep["default"] = stet::duration(5);
  f.p->runs.sweeps.next = {};
  CHECK(f.sweep());
  CHECK(!f.is_there(run));
}

TEST_CASE("a run of which a body still runs is tried again after a minute") {
  fixture f;
  auto run = f.ended("a");
  f.write();
  auto r = f.p->runs.table.load(run);
  r->attempts.push_back(nullptr);
  f.p.pass(stet::duration(1000));
  CHECK(!f.sweep());
  CHECK(f.is_there(run));
  CHECK(f.p->runs.sweeps.next == f.p->time.now() + 60'000);
  r->attempts.clear();
  r = {};
  f.p.pass(stet::duration(60'000));
  CHECK(f.sweep());
  CHECK(!f.is_there(run));
}

TEST_CASE("of a chain that goes on the latest eight that ended are kept") {
  fixture f;
  f.p.define("chain", &chain);
  auto first = f.p.start("c", "chain", 10)->state.run;
  f.p.settle();
  std::vector<run_number> runs{first};
  for (auto next = f.p->runs.table.load(first)->state.next; next;
       next = f.p->runs.table.load(next)->state.next)
    runs.push_back(next);
  REQUIRE(runs.size() == 11);
  f.p.pass(stet::duration(1000));
  CHECK(f.sweep());
  while (f.sweep()) {}
  for (std::size_t i = 0; i < runs.size(); ++i) CHECK(f.is_there(runs[i]) == (i >= 2));
  auto last = f.p->runs.table.load(runs.back());
  f.p->drive.ending.terminate(*last, "");
  last = {};
  f.write();
  f.p.pass(stet::duration(1000));
  while (f.sweep()) {}
  for (auto run : runs) CHECK(!f.is_there(run));
}

TEST_CASE("a key of the index that makes no sense is left alone, and told") {
  fixture f;
  auto run = f.ended("a");
  f.write();
  f.p.write(keys::index_prefix("default", by_end) + "x", "");
  f.p.pass(stet::duration(1000));
  CHECK(f.sweep());
  CHECK(!f.is_there(run));
  CHECK(f.p.heard.heard("a key of the index by end makes no sense"));
}
