// The scope in which a workflow's own code runs.
#include "engine/services/in_workflow.hpp"

#include "parts.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace stet_tests;

namespace {

/// A run with its coroutine, and crash slots in a file.
struct fixture {
  fixture() : path(directory / "s.slots"), r(p.start("a")) {
    (void)p->services.crash_slots.open(path);
    REQUIRE(p->drive.frames.ensure_frame(*r));
    who = occupant_of(r->state, *r->frame, {code_use::replays});
  }
  temporary_directory directory;
  std::string path;
  parts p;
  run_lease r;
  occupant who;
};

}  // namespace

TEST_CASE("a slot says which run, how many records it had, and which id") {
  fixture f;
  CHECK(f.who.run == f.r->state.run);
  CHECK(f.who.records == 1);
  CHECK(f.who.id == checksum_of("a"));
}

TEST_CASE("the code is in a crash slot and is this thread's, as long as it runs") {
  fixture f;
  auto& s = f.p->services;
  {
    in_workflow here(s.crash_slots, f.p->runs.suspects, s.watchdog, "sleeper", *f.r->frame, f.who);
    REQUIRE(current_user_code() != nullptr);
    CHECK(current_user_code()->workflow == "sleeper");
    CHECK(current_user_code()->id == "a");
    CHECK(here.offence().empty());
    current_user_code()->offence = "it slept";
    CHECK(here.offence() == "it slept");
    here.may_do_anything();
    CHECK(current_user_code() == nullptr);
    crash_slots next;
    CHECK(next.open(f.path).size() == 1);  // a death would count for this run
  }
  CHECK(current_user_code() == nullptr);
}

TEST_CASE("code that has come through is suspected of that no longer") {
  fixture f;
  auto& s = f.p->services;
  f.p->runs.suspects.add_code(f.who);
  {
    in_workflow here(s.crash_slots, f.p->runs.suspects, s.watchdog, "sleeper", *f.r->frame, f.who);
    CHECK(f.p->runs.suspects.is_suspected(f.who));
  }
  CHECK(!f.p->runs.suspects.is_suspected(f.who));
}
