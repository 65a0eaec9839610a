// Entering and destroying a run's own code.
#include "engine/drive/code_entry.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

stet::task<int> steps(stet::context& ctx) {
  co_return co_await ctx.step("s", [] { return 1; });
}

struct fixture {
  fixture() : r(p.start("a")) {
    p.define("steps", &steps);
    REQUIRE(p->drive.frames.ensure_frame(*r));
  }
  void suspect(std::uint32_t what) {
    p->runs.suspects.add_code({.run = r->state.run, .use = {what}, .records = 0});
  }
  parts p;
  run_lease r;
};

}  // namespace

TEST_CASE("before suspected code is entered, what counts its deaths is durable") {
  fixture f;
  auto& entry = f.p->drive.entry;
  CHECK(entry.enter(f.r->state, *f.r->frame, {code_use::replays}).tried == trial::none);
  CHECK(!f.p->journal.durable_lsn());
  f.suspect(code_use::replays);
  CHECK(entry.enter(f.r->state, *f.r->frame, {code_use::destroys}).tried == trial::none);
  CHECK(!f.p->journal.durable_lsn());
  CHECK(entry.enter(f.r->state, *f.r->frame, {code_use::replays}).tried == trial::alone);
  CHECK(f.p->journal.durable_lsn() == f.r->last_lsn);
}

TEST_CASE("a frame whose destructors are suspected goes at once, when that is durable") {
  fixture f;
  f.suspect(code_use::destroys);
  f.p->drive.entry.evict_now(*f.r);
  CHECK(!f.r->frame);
  CHECK(f.p->journal.durable_lsn() == f.r->last_lsn);
  f.p->drive.entry.evict_now(*f.r);  // nothing to evict
}

TEST_CASE("a history that fits is played, and one that doesn't says why") {
  fixture f;
  f.p->drive.driver.drive_what_is_there(*f.r);
  auto history = f.p->runs.history.opened(*f.r);
  auto fits = f.p->drive.frames.make_shadow(f.r->state);
  CHECK(!f.p->drive.entry.replay(f.r->state, *fits, history));
  f.r->state.workflow = "steps";
  auto unfit = f.p->drive.frames.make_shadow(f.r->state);
  CHECK(f.p->drive.entry.replay(f.r->state, *unfit, history));
  f.p->drive.entry.destroy(f.r->state, unfit);
  CHECK(!unfit);
}

TEST_CASE("a run that is forgotten is found no longer, its frame first") {
  fixture f;
  auto run = f.r->state.run;
  f.p->drive.entry.forget_run(*f.r);
  CHECK(!f.r->frame);
  CHECK(f.p->runs.frames.size() == 0);
  CHECK(!f.p->runs.table.find(run));
}
