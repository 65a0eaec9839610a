// All threads for bodies are busy while steps wait.
#include "engine/steps/crowding.hpp"

#include "stepping.hpp"

using namespace stet_tests;

TEST_CASE("threads that no step occupies are no news") {
  stepping s;
  s.p->crowding.report(1);
  CHECK(s.p.heard.problems().empty());
}

TEST_CASE("a step that occupies a thread is reported, and not again at once") {
  stepping s;
  s.a().at = attempt::phase::running;
  s.p->crowding.report(3);
  s.p->crowding.report(3);
  CHECK(s.p.heard.problems().size() == 1);
  CHECK(s.p.heard.heard("3 steps wait for one"));
  CHECK(s.p.heard.heard("'s'"));
  CHECK(s.p.heard.heard("'a'"));
}

TEST_CASE("of the steps that occupy a thread the one that began first is named first") {
  stepping s;
  auto other = s.p.start("b", "steps");
  REQUIRE(s.p->drive.frames.ensure_frame(*other));
  s.p->drive.driver.drive_what_is_there(*other);
  auto& late = s.a();
  auto& early = *other->attempts.front();
  work_queue queue;
  work_front front;
  for (auto* a : {&early, &late}) {
    queue.push(a);
    front.fill(queue);
    CHECK(front.take() == a);
    a->at = attempt::phase::running;
  }
  s.p->crowding.report(1);
  CHECK(s.p.heard.heard("of run 'b', step 's' of run 'a'"));
}
