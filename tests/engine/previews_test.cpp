// Previews: which runs would be stalled by today's code.
#include "engine/calls/previews.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

stet::task<int> steps(stet::context& ctx) {
  co_return co_await ctx.step("s", [] { return 1; });
}

struct fixture {
  run_lease sleeping(std::string_view id) {
    auto r = p.start(id);
    p.settle();
    return r;
  }
  stet::start_preview of_start(std::size_t listed_max = 10) {
    return p.calls.previews.of_start(listed_max, whole);
  }
  std::shared_ptr<const void> whole = std::make_shared<int>(1);
  parts p;
};

}  // namespace

TEST_CASE("a preview counts open runs, and names those that would stall, as many as are asked") {
  fixture f;
  f.p.define("steps", &steps);
  auto fits = f.sleeping("fits"), gone = f.sleeping("gone"), other = f.sleeping("other");
  auto ended = f.sleeping("ended");
  f.p->drive.ending.terminate(*ended, "");
  gone->state.version = "2";
  other->state.workflow = "steps";
  auto p = f.of_start(1);
  CHECK(p.open_runs == 3);
  CHECK(p.stalled_runs == 2);
  REQUIRE(p.stalled.size() == 1);
  CHECK(f.of_start().stalled.size() == 2);
  for (auto& stalled : f.of_start().stalled) {
    CHECK(stalled.name_space == "default");
    CHECK(!stalled.reason.empty());
    CHECK(stalled.id != "fits");
  }
}

TEST_CASE("a preview changes nothing") {
  fixture f;
  auto gone = f.sleeping("gone");
  gone->state.version = "2";
  auto lsn = f.p->journal.last_lsn();
  CHECK(f.of_start().stalled_runs == 1);
  CHECK(f.p->journal.last_lsn() == lsn);
  CHECK(!gone->state.stalled);
}

TEST_CASE("an exported history is played with today's code") {
  fixture f;
  auto r = f.sleeping("a");
  auto exported = f.p.calls.describing.export_history({0, "default", "a"}).value;
  auto fits = f.p.calls.previews.of_history(exported);
  CHECK(fits.id == "a");
  CHECK(fits.workflow == "sleeper");
  CHECK(fits.run == r->state.run.value());
  CHECK(fits.reason.empty());
  parts other;
  CHECK(other.calls.previews.of_history(exported).reason.empty());
  CHECK_THROWS_AS((void)other.calls.previews.of_history("nonsense"), stet::error);
}

TEST_CASE("a history of a workflow that isn't defined here, or of other code, says why") {
  fixture f;
  f.p.define("steps", &steps);
  auto r = f.sleeping("a");
  r->state.version = "2";
  auto exported = f.p.calls.describing.export_history({0, "default", "a"}).value;
  CHECK(f.p.calls.previews.of_history(exported).reason.find("version '2'") != std::string::npos);
  r->state.version.clear();
  r->state.workflow = "steps";
  exported = f.p.calls.describing.export_history({0, "default", "a"}).value;
  CHECK(!f.p.calls.previews.of_history(exported).reason.empty());
}
