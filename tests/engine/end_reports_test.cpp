// Reports of runs that have ended.
#include "engine/commit/end_reports.hpp"

#include "parts.hpp"

using namespace stet_tests;

TEST_CASE("an end is reported when its record is durable, once, with how the run ended and why") {
  parts p;
  auto a = p.start("a"), b = p.start("b");
  p.settle();
  p->drive.ending.terminate(*a, "enough");
  p->commit.ends.release();
  CHECK(p.heard.ends().empty());
  (void)p->commit.commit();
  CHECK(p.heard.ends() == std::vector<std::string>{"a: terminated: enough"});
  p.pass(std::chrono::hours(25));
  (void)p->advance.waker.fire_timers();
  p.settle();
  REQUIRE(b->state.status == stet::status::completed);
  CHECK(p.heard.ends() == std::vector<std::string>{"a: terminated: enough", "b: completed"});
  p->commit.ends.release();
  CHECK(p.heard.ends().size() == 2);
}

TEST_CASE("without a listener ends aren't kept") {
  services s(stet::memory::open(), {});
  journal j(s.store, stet::durability::sync);
  CHECK(!end_reports(s, j).are_wanted());
}
