// The coroutines in memory.
#include "engine/runs/frames.hpp"

#include <algorithm>
#include <vector>

#include "parts.hpp"

using namespace stet_tests;

namespace {

stet::task<int> captures(stet::context& ctx) {
  int n = 0;
  co_await ctx.step("s", [&n] { ++n; });
  co_return n;
}

/// How many evictions are tried while `n` runs get a coroutine that a body refers to, and then
/// another run is driven by `n` events.
std::uint64_t tries_beside_held(int n) {
  parts p(stet::memory::open(), {.resident_runs_max = 1});
  p.define("captures", &captures);
  std::vector<run_lease> held;
  for (int i = 0; i < n; ++i) {
    auto& r = held.emplace_back(p.start("held " + std::to_string(i), "captures"));
    REQUIRE(p->drive.frames.ensure_frame(*r));
    p->drive.driver.drive_what_is_there(*r);
    r->attempts.front()->ticket.submitted = true;
  }
  auto other = p.start("other");
  REQUIRE(p->drive.frames.ensure_frame(*other));
  p->drive.driver.drive_what_is_there(*other);
  for (int i = 0; i < n; ++i)
    p->drive.driver.take_event(*other, event_named(record_kind::signal, "x", null_payload()));
  for (auto& r : held) CHECK(r->frame);
  return p->runs.frames.tries();
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

TEST_CASE("frames that can't go aren't looked at again and again") {
  CHECK(tries_beside_held(100) <= 12 * std::max<std::uint64_t>(tries_beside_held(10), 1));
}

TEST_CASE("a frame that couldn't go goes when the body that kept it is back") {
  parts p(stet::memory::open(), {.resident_runs_max = 1});
  p.define("captures", &captures);
  auto first = p.start("first", "captures");
  REQUIRE(p->drive.frames.ensure_frame(*first));
  p->drive.driver.drive_what_is_there(*first);
  auto& a = *first->attempts.front();
  a.ticket.submitted = true;
  auto second = p.start("second"), third = p.start("third");
  REQUIRE(p->drive.frames.ensure_frame(*second));
  REQUIRE(p->drive.frames.ensure_frame(*third));
  p->runs.table.keep_within_residency();
  CHECK(first->frame);
  CHECK(!second->frame);
  CHECK(third->frame);
  REQUIRE(a.revoke());
  p->bodies.inline_returned.push(a);
  REQUIRE(p->advance.returns.take());
  REQUIRE(first->frame);
  REQUIRE(p->drive.frames.ensure_frame(*second));
  p->runs.table.keep_within_residency();
  CHECK(p->runs.frames.size() == 1);
  CHECK(!first->frame);
}
