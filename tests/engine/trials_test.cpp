// Trials of suspects, one of them alone at a time.
#include "engine/steps/trials.hpp"

#include "one_step.hpp"

using namespace stet_tests;

namespace {

/// A suspected attempt of a run, to be tried in this way.
struct suspect_step {
  explicit suspect_step(trial how) {
    auto& runs = s.p->runs;
    r = s.p.start("a");
    s.a.order.run = r->state.run;
    r->add(s.a);
    if (how != trial::none) runs.suspects.add({s.a.order.run, command_number(2)}, how);
  }
  ~suspect_step() { r->remove(s.a); }
  trial known() { return s.p->runs.suspects.of({s.a.order.run, command_number(2)}); }
  std::optional<stet::completion<int>> kept;
  one_step s = one_step::later<int>([this](stet::completion<int> c) { kept = c; });
  run_lease r;
};

}  // namespace

TEST_CASE("who isn't suspected, or is tried beside others, never waits") {
  for (auto how : {trial::none, trial::beside}) {
    suspect_step x(how);
    auto& t = x.s.p->desk.trials;
    CHECK(t.may_begin(x.s.a));
    CHECK(x.s.a.order.tried == how);
    t.begins(x.s.a);
    CHECK(t.may_begin(x.s.a));
  }
}

TEST_CASE("one is tried alone at a time, unless that one has lent its thread") {
  suspect_step x(trial::alone);
  one_step other([] {});
  other.a.order.run = x.s.a.order.run;
  auto& t = x.s.p->desk.trials;
  REQUIRE(t.may_begin(x.s.a));
  t.begins(x.s.a);
  CHECK(!t.may_begin(other.a));
  x.s.a.lends = true;
  CHECK(t.may_begin(other.a));
  x.s.a.lends = false;
  t.ends(other.a);  // it isn't the one that is tried
  CHECK(!t.may_begin(other.a));
  t.ends(x.s.a);
  CHECK(t.may_begin(other.a));
}

TEST_CASE("who has come through is suspected no longer") {
  suspect_step x(trial::alone);
  auto& t = x.s.p->desk.trials;
  REQUIRE(t.may_begin(x.s.a));
  t.begins(x.s.a);
  t.clear(x.s.a);
  CHECK(x.known() == trial::none);
}

TEST_CASE("a pending suspect is tried for three seconds") {
  suspect_step x(trial::alone);
  auto& t = x.s.p->desk.trials;
  x.s.a.run();
  t.try_for_a_moment(x.s.a);
  x.s.p.pass(stet::duration(2999));
  t.end_moments();
  CHECK(x.known() == trial::alone);
  x.s.p.pass(stet::duration(1));
  t.end_moments();
  CHECK(x.known() == trial::none);
  x.kept->resolve(1);
}

TEST_CASE("a suspect whose body goes on is tried for another moment") {
  suspect_step x(trial::alone);
  auto& t = x.s.p->desk.trials;
  x.s.a.at = attempt::phase::running;
  t.try_for_a_moment(x.s.a);
  x.s.p.pass(stet::duration(3000));
  t.end_moments();
  CHECK(x.known() == trial::alone);
  x.s.a.at = attempt::phase::waiting;
  x.s.a.run();
  x.s.p.pass(stet::duration(3000));
  t.end_moments();
  CHECK(x.known() == trial::none);
  x.kept->resolve(1);
}

TEST_CASE("a suspect that doesn't heed its stop request gives others their turn") {
  suspect_step x(trial::alone);
  one_step other([] {});
  other.a.order.run = x.s.a.order.run;
  auto& t = x.s.p->desk.trials;
  REQUIRE(t.may_begin(x.s.a));
  t.begins(x.s.a);
  x.s.a.at = attempt::phase::running;
  x.s.a.ask_to_stop();
  t.try_for_a_moment(x.s.a);
  x.s.p.pass(stet::duration(3000));
  t.end_moments();
  CHECK(t.may_begin(other.a));
  CHECK(x.known() == trial::alone);  // it has not come through
}

TEST_CASE("a suspect that gets on is suspected no longer, and others have their turn") {
  suspect_step x(trial::alone);
  one_step other([] {});
  other.a.order.run = x.s.a.order.run;
  auto& t = x.s.p->desk.trials;
  REQUIRE(t.may_begin(x.s.a));
  t.begins(x.s.a);
  t.gets_on(x.s.a);
  CHECK(t.may_begin(other.a));
  CHECK(x.known() == trial::none);
}

TEST_CASE("a suspect that is gone when its moment is over is nobody's") {
  suspect_step x(trial::alone);
  auto& t = x.s.p->desk.trials;
  t.try_for_a_moment(x.s.a);
  x.r->remove(x.s.a);
  x.s.p.pass(stet::duration(3000));
  t.end_moments();
  CHECK(x.known() == trial::alone);
}
