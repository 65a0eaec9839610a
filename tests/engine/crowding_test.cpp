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
