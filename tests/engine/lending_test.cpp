// A body that waits for a run lends its thread.
#include "engine/bodies/lending.hpp"

#include "one_step.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace stet_tests;

TEST_CASE("a body lends its thread for the time of a scope") {
  one_step* self = nullptr;
  one_step s([&self] {
    auto& home = self->p->bodies;
    {
      lent_thread lent(home);
      CHECK(self->a.lends);
      CHECK(home.threads.waiting == 1);
    }
    CHECK(!self->a.lends);
    CHECK(home.threads.waiting == 0);
  });
  self = &s;
  s.run_elsewhere();
  CHECK(!s.a.outcome.error);
}

TEST_CASE("a suspect that waits is not tried meanwhile, and is tried again when it goes on") {
  temporary_directory directory;
  const auto path = directory / "s.slots";
  auto tried = [&] {
    crash_slots next;
    auto found = next.open(path);
    REQUIRE(found.size() == 1);
    return found.front().tried;
  };
  for (bool lends : {true, false}) {
    one_step* self = nullptr;
    one_step s([&] {
      {
        lent_thread lent(self->p->bodies);
        if (lends) CHECK(tried() == trial::none);
      }
      if (!lends) CHECK(tried() == trial::alone);
    });
    self = &s;
    (void)s.p->services.crash_slots.open(path);
    s.a.order.tried = trial::alone;
    s.run_elsewhere();
  }
}

TEST_CASE("a suspect that got on while it waited isn't tried again") {
  temporary_directory directory;
  const auto path = directory / "s.slots";
  one_step* self = nullptr;
  one_step s([&] {
    {
      lent_thread lent(self->p->bodies);
      self->p->desk.trials.gets_on(self->a);
    }
    crash_slots next;
    auto found = next.open(path);
    REQUIRE(found.size() == 1);
    CHECK(found.front().tried == trial::none);
  });
  self = &s;
  (void)s.p->services.crash_slots.open(path);
  s.a.order.tried = trial::alone;
  s.run_elsewhere();
}
