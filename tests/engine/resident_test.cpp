// A run in memory.
#include "engine/runs/resident.hpp"

#include <thread>

#include "one_step.hpp"

using namespace stet_tests;

TEST_CASE("a run knows its attempts, and one that is gone is removed once") {
  one_step a([] {}), b([] {}), c([] {});
  resident r;
  for (auto* s : {&a, &b, &c}) r.add(s->a);
  r.remove(a.a);
  CHECK(r.attempts.size() == 2);
  r.remove(a.a);  // removing it once more does no harm
  CHECK(r.attempts.size() == 2);
  r.remove(c.a);
  r.remove(b.a);
  CHECK(r.attempts.empty());
  r.remove(b.a);
}

TEST_CASE("ids of different namespaces never meet in one key") {
  CHECK(id_key("default", "a") == id_key("", "a"));
  CHECK(id_key("x", "a") != id_key("default", "xa"));
  CHECK(id_key("x", "a") != id_key("xa", ""));
  CHECK(as_stored("default").empty());
  CHECK(as_stored("x") == "x");
}

TEST_CASE("a new run owns its payloads as it does when it is recorded") {
  record start;
  start.run = run_number(7);
  start.seed[0] = 1;
  start.seed[1] = 2;
  start.target = "a";
  auto fresh = owner_of_new(start);
  run_state s;
  s.run = run_number(7);
  s.seed[0] = 1;
  s.seed[1] = 2;
  s.id = "a";
  auto known = owner_of(s);
  CHECK(fresh.run == known.run);
  CHECK(fresh.seed[1] == known.seed[1]);
  CHECK(fresh.name_space == known.name_space);
  CHECK(fresh.id == known.id);
}
