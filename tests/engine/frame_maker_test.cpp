// How a run's coroutine is made anew.
#include "engine/drive/frame_maker.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

stet::task<int> sleeps_twice(stet::context& ctx) {
  co_await ctx.sleep(std::chrono::hours(1));
  co_await ctx.sleep(std::chrono::hours(1));
  co_return 1;
}
stet::task<int> steps(stet::context& ctx) {
  co_return co_await ctx.step("s", [] { return 1; });
}

/// A run that sleeps, without a frame.
run_lease sleeping(parts& p) {
  auto r = p.start("a");
  p.settle();
  p->runs.frames.evict(*r);
  REQUIRE(!r->frame);
  return r;
}

}  // namespace

TEST_CASE("a frame is rebuilt from the history, and made once") {
  parts p;
  auto r = sleeping(p);
  auto records = r->state.records;
  CHECK(p->drive.frames.ensure_frame(*r));
  auto* frame = r->frame.get();
  REQUIRE(frame != nullptr);
  CHECK(frame->replay_cursor.queued().empty());
  CHECK(p->drive.frames.ensure_frame(*r));
  CHECK(r->frame.get() == frame);
  CHECK(r->state.records == records);  // making the frame records nothing
  CHECK(p->runs.frames.size() == 1);
}

TEST_CASE("the frame of a run that never was driven waits for its start") {
  parts p;
  auto r = p.start("a");
  CHECK(p->drive.frames.ensure_frame(*r));
  CHECK(r->frame->replay_cursor.queued().size() == 1);
  CHECK(r->state.undriven == 1);
}

TEST_CASE("a run stalls whose version isn't defined, or whose history doesn't fit the code") {
  parts p;
  p.define("steps", &steps);
  auto r = sleeping(p);
  SUBCASE("no such version") { r->state.version = "2"; }
  SUBCASE("another workflow") { r->state.workflow = "steps"; }
  SUBCASE("a damaged history") {
    auto run = r->state.run;
    p.put_away(run);
    p.write(keys::history(run, 0), "nonsense");
  }
  CHECK(!p->drive.frames.ensure_frame(*r));
  CHECK(r->state.stalled);
  CHECK(!r->frame);
}

TEST_CASE("a stalled run that gets its frame goes on, and that is recorded") {
  parts p;
  auto r = sleeping(p);
  p->drive.staller.stall(*r, "why");
  CHECK(p->drive.frames.ensure_frame(*r));
  CHECK(!r->state.stalled);
  CHECK(p.count(*r, record_kind::resumed) == 1);
}

TEST_CASE("a run whose code has killed the process too often isn't tried") {
  run_state s;
  s.crashes = 2;
  CHECK(why_quarantined(s, 3).empty());
  s.crashes = 3;
  CHECK(why_quarantined(s, 3).find("3 times") != std::string::npos);
  CHECK(why_quarantined(s, 0).empty());
}

TEST_CASE("it is told why code would stall a run, and nothing changes") {
  parts p;
  p.define("steps", &steps);
  p.define("longer", &sleeps_twice);
  auto r = sleeping(p);
  auto records = r->state.records;
  auto& frames = p->drive.frames;
  CHECK(frames.why_stalled(*r).empty());
  CHECK(frames.why_incompatible(*p->services.definitions.find("longer", ""), *r).empty());
  CHECK(!frames.why_incompatible(*p->services.definitions.find("steps", ""), *r).empty());
  r->state.version = "2";
  CHECK(frames.why_stalled(*r).find("version") != std::string::npos);
  CHECK_THROWS_AS((void)frames.make_shadow(r->state), stet::error);
  r->state.version.clear();
  r->state.crashes = 3;
  CHECK(!frames.why_stalled(*r).empty());
  CHECK(r->state.records == records);
  CHECK(!r->frame);
}
