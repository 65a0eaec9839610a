// Runs that wait for an answer of another run.
#include "engine/drive/calling_runs.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::update<int(int)> Ask{"ask"};

stet::task<int> asking(stet::context& ctx) {
  auto answer = co_await stet::attempt(ctx.update("asked", Ask, 1));
  co_await ctx.sleep(std::chrono::hours(1));
  co_return answer ? *answer : -1;
}

/// A run that has called another one, which hasn't seen the call yet.
struct fixture {
  fixture() {
    p.define("asking", &asking);
    asked = p.start("asked");
    r = p.start("a", "asking");
    REQUIRE(p->drive.frames.ensure_frame(*r));
    p->drive.driver.drive_what_is_there(*r);
    REQUIRE(r->state.waits_for.size() == 1);
    REQUIRE(asked->state.open_updates == 1);
  }
  std::string id() { return call_id({r->state.run, command_number(1)}); }
  parts p;
  run_lease asked, r;
};

update_answer seven() {
  update_answer a;
  a.done = true;
  a.payload = bytes_of(7);
  return a;
}
update_answer failed_answer() {
  update_answer a;
  a.done = true;
  a.failure = std::make_unique<stet::failure>(stet::failure{"type", "no", {}, 1});
  return a;
}

}  // namespace

TEST_CASE("an answer is an event for the run that asked") {
  fixture f;
  SUBCASE("a value") {
    f.p->drive.calling_runs.answer(f.id(), seven());
    CHECK(f.p.count(*f.r, record_kind::message_done) == 1);
  }
  SUBCASE("a failure") {
    f.p->drive.calling_runs.answer(f.id(), failed_answer());
    CHECK(f.p.count(*f.r, record_kind::message_failed) == 1);
  }
  CHECK(f.r->state.undriven == 1);
}

TEST_CASE("nobody gets an answer for which nobody waits") {
  fixture f;
  auto& calling_runs = f.p->drive.calling_runs;
  auto records = f.r->state.records;
  calling_runs.answer("an id of a user", seven());
  calling_runs.answer(call_id({f.r->state.run, command_number(99)}), seven());
  calling_runs.answer(call_id({run_number(77), command_number(1)}), seven());
  CHECK(f.r->state.records == records);
  CHECK(!f.p->runs.debts.has(run_number(77)));
  f.p->drive.ending.terminate(*f.r, "");
  records = f.r->state.records;
  calling_runs.answer(f.id(), seven());
  CHECK(f.r->state.records == records);
}

TEST_CASE("a run that asked and can't be read is owed a look") {
  fixture f;
  auto id = f.id();
  auto run = f.r->state.run;
  f.r = {};
  f.p.damage(run);
  f.p->drive.calling_runs.answer(id, seven());
  CHECK(f.p->runs.debts.has(run));
}

TEST_CASE("what a run asked for and can't be done is an event for it, or is reported") {
  fixture f;
  request q(wait_kind::message, "ask", {"x.cpp", 1});
  q.id = 1;
  q.target = "asked";
  auto fail = [&] {
    f.p->drive.calling_runs.fail_command(*f.r, record_kind::message_failed, q,
                                         stet::errc::not_found, "type", "it isn't there");
  };
  fail();
  CHECK(f.p.count(*f.r, record_kind::message_failed) == 1);
  CHECK(f.p.heard.problems().empty());
  f.p->drive.ending.terminate(*f.r, "");
  auto records = f.r->state.records;
  fail();
  CHECK(f.r->state.records == records);
  CHECK(f.p.heard.heard("it isn't there"));
}

TEST_CASE("who waits for a run is found in memory, and in the store") {
  fixture f;
  auto run = f.r->state.run;
  auto found = [&](std::string_view id, wait_kind as) {
    return f.p->drive.calling_runs.waiting_for("default", id, as);
  };
  for (bool in_memory : {true, false}) {
    if (!in_memory) {
      f.r = {};
      f.p.put_away(run);
      REQUIRE(!f.p->runs.table.find(run));
    }
    REQUIRE(found("asked", wait_kind::message).size() == 1);
    CHECK(found("asked", wait_kind::message)[0].run == run);
    CHECK(found("asked", wait_kind::message)[0].command == command_number(1));
    CHECK(found("asked", wait_kind::child).empty());
    CHECK(found("other", wait_kind::message).empty());
    CHECK(f.p->drive.calling_runs.waiting_for("x", "asked", wait_kind::message).empty());
  }
}

TEST_CASE("the end of a run fails all who have called it, also where its history is damaged") {
  for (bool damaged : {false, true}) {
    fixture f;
    if (damaged) {
      f.p->commit.checkpointer.slice(*f.asked);
      while (f.p->commit.commit()) {}
      f.p.write(keys::history(f.asked->state.run, 0), "nonsense");
    }
    f.p->drive.calling_runs.fail_all_of(*f.asked);
    CHECK(f.p.count(*f.r, record_kind::message_failed) == 1);
    CHECK(f.p.heard.problems().empty() == !damaged);
  }
}
