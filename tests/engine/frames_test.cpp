// The coroutines in memory.
#include "engine/runs/frames.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

stet::task<int> captures(stet::context& ctx) {
  int n = 0;
  co_await ctx.step("s", [&n] { ++n; });
  co_return n;
}

}  // namespace

TEST_CASE("the frame that was used longest ago goes first, and only as many as are too many") {
  parts p(stet::memory::open(), {.resident_runs_max = 2});
  auto a = p.start("a"), b = p.start("b"), c = p.start("c");
  for (auto* r : {&a, &b, &c}) { REQUIRE(p->drive.frames.ensure_frame(**r)); }
  auto& f = p->runs.frames;
  CHECK(f.size() == 3);
  CHECK(f.excess() == 1);
  CHECK(f.by_use().front() == &*a);
  f.mark_used(*a);
  CHECK(f.by_use().front() == &*b);
  p->runs.table.keep_within_residency();
  CHECK(f.size() == 2);
  CHECK(f.excess() == 0);
  CHECK(!b->frame);
  CHECK(!b->lru);
  CHECK(a->frame);
}

TEST_CASE("a frame to which a body refers that has begun stays") {
  parts p;
  p.define("captures", &captures);
  auto r = p.start("a", "captures");
  REQUIRE(p->drive.frames.ensure_frame(*r));
  p->drive.driver.drive_what_is_there(*r);
  REQUIRE(r->attempts.size() == 1);
  auto& a = *r->attempts.front();
  CHECK(frames::may_evict(*r));  // the attempt waits in the gate
  a.ticket.submitted = true;
  CHECK(!frames::may_evict(*r));
  p->runs.frames.evict(*r);
  CHECK(r->frame);
  a.revoke();
  CHECK(frames::may_evict(*r));
  p->runs.frames.evict(*r);
  CHECK(!r->frame);
  CHECK(p->runs.frames.size() == 0);
  p->runs.frames.evict(*r);  // evicting once more does nothing
}

TEST_CASE("a frame whose destructors are suspected stays until its run's records are durable") {
  parts p;
  auto r = p.start("a");
  REQUIRE(p->drive.frames.ensure_frame(*r));
  p->runs.suspects.add_code({.run = r->state.run, .use = {code_use::destroys}, .records = 0});
  p->runs.frames.evict(*r);
  CHECK(r->frame);
  (void)p->commit.commit();
  p->runs.frames.evict(*r);
  CHECK(!r->frame);
  CHECK(!p->runs.suspects.has_code_of(r->state.run));  // its code came through
}
