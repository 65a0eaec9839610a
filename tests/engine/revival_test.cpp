// Bringing the run of a call up to date.
#include "engine/calls/revival.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::signal<int> Ping{"ping"};
inline constexpr stet::workflow<int(int)> Chain{"chain"};

stet::task<int> busy(stet::context& ctx) {
  for (;;) {
    co_await ctx.signal("a", Ping, 1);
    co_await ctx.receive(Ping);
  }
}
stet::task<int> chain(stet::context& ctx, int left) {
  if (left > 0) co_return co_await ctx.continue_as_new(Chain, left - 1);
  co_await ctx.sleep(std::chrono::hours(1));
  co_return 1;
}

}  // namespace

TEST_CASE("a run that the start has not come to yet is revived by the first call, once") {
  parts p;
  auto run = p.start("a")->state.run;
  p.settle();
  p.put_away(run);
  auto r = p.calls.revival.must_find_last({0, "default", "a"});
  CHECK(r->revived);
  CHECK(r->frame);
  auto* frame = r->frame.get();
  p.calls.revival.revive(*r);
  CHECK(r->frame.get() == frame);
  CHECK_THROWS_AS((void)p.calls.revival.must_find_last({0, "default", "x"}), stet::error);
}

TEST_CASE("a run that has ended isn't revived") {
  parts p;
  auto r = p.start("a");
  p->drive.ending.terminate(*r, "");
  r->revived = false;
  CHECK(!p.calls.revival.must_find_last({0, "default", "a"})->revived);
  p.calls.revival.revive(*r);
  CHECK(!r->revived);
}

TEST_CASE("whoever asks sees a run that has seen everything, and the last of its chain") {
  parts p;
  p.define("chain", &chain);
  auto first = p.start("a", "chain", 2);
  auto last = p.calls.revival.drive_to_now(p->runs.table.hold(*first));
  CHECK(last->state.previous);
  CHECK(!last->state.next);
  CHECK(last->state.undriven == 0);
  CHECK(last->frame);
}

TEST_CASE("a run that never comes to rest holds up no caller") {
  parts p;
  p.define("busy", &busy);
  auto r = p.start("a", "busy");
  auto same = p.calls.revival.drive_to_now(p->runs.table.hold(*r));
  CHECK(same->state.undriven > 0);
  CHECK(p.count(*r, record_kind::message) > 100);
}

TEST_CASE("nobody can ask a stalled run, or one that hasn't begun") {
  parts p;
  auto r = p.start("a");
  auto& v = p.calls.revival;
  v.must_have_begun(*r, stet::errc::not_found, "query", "q");
  r->state.begins_at = p->time.now() + 500;
  CHECK_THROWS_WITH_AS(v.must_have_begun(*r, stet::errc::not_found, "query", "q"),
                       doctest::Contains("query 'q' yet"), stet::error);
  r->state.begins_at = {};
  p->drive.staller.stall(*r, "why");
  r->state.version = "2";  // a version without code
  CHECK_THROWS_WITH_AS((void)v.drive_to_now(p->runs.table.hold(*r)),
                       doctest::Contains("is stalled"), stet::error);
}
