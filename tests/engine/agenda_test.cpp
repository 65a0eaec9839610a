// The agenda: the runs that are to be driven in a turn.
#include "engine/runs/agenda.hpp"

#include <doctest/doctest.h>

using namespace stet::detail;

TEST_CASE("the agenda hands out runs in the order in which they became ready") {
  agenda a;
  resident first, second;
  first.state.run = run_number(7);
  second.state.run = run_number(3);
  CHECK(a.empty());
  a.add(first);
  a.add(second);
  a.add(run_number(5));  // a run that isn't in memory
  CHECK(a.size() == 3);
  CHECK(a.take() == run_number(7));
  CHECK(a.take() == run_number(3));
  CHECK(a.take() == run_number(5));
  CHECK(a.empty());
}

TEST_CASE("a run that waits on the agenda is not added twice") {
  agenda a;
  resident r;
  r.state.run = run_number(1);
  a.add(r);
  a.add(r);
  CHECK(a.size() == 1);
  CHECK(a.take() == run_number(1));
  a.add(r);  // not added: it was taken, but its turn isn't over
  CHECK(a.empty());
  r.queued = false;
  a.add(r);
  CHECK(a.size() == 1);
}
