// Calls that wait for something of a run.
#include "engine/drive/waiting_calls.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

/// A call that waits for the end of a run.
struct waiting {
  waiting(parts& p, resident& r) : call({r.state.run.value(), "default", r.state.id}) {
    lsn = p->drive.waiting_calls.await_outcome(call);
  }
  outcome_call call;
  std::optional<record_lsn> lsn;
};
/// A call that waits for an update, which its run keeps.
struct updating {
  updating(resident& r, std::string id)
      : call({r.state.run.value(), "default", r.state.id}, request, update_stage::answered) {
    call.outcome.id = std::move(id);
    r.updaters.push_back(&call);
  }
  update_request request{.name = "u", .id = {}, .arguments = {}};
  update_call call;
};

}  // namespace

TEST_CASE("a run that is open keeps the call, and gives it the end when it comes") {
  parts p;
  auto r = p.start("a");
  waiting w(p, *r);
  CHECK(!w.lsn);
  CHECK(r->waiting_calls.size() == 1);
  p->drive.ending.terminate(*r, "why");
  CHECK(r->waiting_calls.empty());
  CHECK(!w.call.is_done());  // its end isn't durable
  (void)p->commit.commit();
  CHECK(w.call.is_done());
  CHECK(w.call.outcome.status == stet::status::terminated);
  CHECK(w.call.outcome.error.message == "why");
}

TEST_CASE("an end that stands is told at once, with the record on which it depends") {
  parts p;
  auto r = p.start("a");
  auto seven = bytes_of(7);
  p->recorder.append_note(*r, event_named(record_kind::completed, "", seven));
  waiting w(p, *r);
  CHECK(w.lsn == r->last_lsn);
  CHECK(w.call.outcome.status == stet::status::completed);
  CHECK(w.call.outcome.payload == seven);
}

TEST_CASE("a stalled run counts as one that has ended") {
  parts p;
  auto r = p.start("a");
  p->drive.staller.stall(*r, "why");
  waiting w(p, *r);
  CHECK(w.lsn);
  CHECK(w.call.outcome.status == stet::status::stalled);
}

TEST_CASE("where the run that goes on was erased, nobody waits for ever") {
  parts p;
  auto r = p.start("a");
  p->recorder.append_note(*r, event_named(record_kind::terminated, ""));
  r->state.next = run_number(99);
  outcome_call c({r->state.run.value(), "default", "a"});
  CHECK_THROWS_WITH_AS((void)p->drive.waiting_calls.await_outcome(c),
                       doctest::Contains("been erased"), stet::error);
  r->waiting_calls.push_back(&c);
  p->drive.waiting_calls.tell_end(*r);
  (void)p->commit.commit();
  CHECK(c.is_done());
  CHECK_THROWS_AS(c.rethrow(), stet::error);
}

TEST_CASE("an outcome that can't be opened is the error of each caller") {
  auto key = std::make_shared<fragile_transform>();
  parts p(stet::memory::open(), {.transforms = {key}});
  auto r = p.start("a");
  auto seven = bytes_of(7);
  p->recorder.append_note(*r, event_named(record_kind::completed, "", seven));
  key->broken = true;
  waiting w(p, *r);
  CHECK(w.lsn);
  CHECK_THROWS_WITH_AS(w.call.rethrow(), doctest::Contains("no key"), stet::error);
}

TEST_CASE("who waits for updates of a run that fails them gets the error") {
  parts p;
  auto r = p.start("a");
  updating u(*r, "1");
  p->drive.waiting_calls.fail_updaters(*r, stet::error(stet::errc::run_ended, "a", "it ended"));
  CHECK(r->updaters.empty());
  (void)p->commit.commit();
  CHECK(u.call.is_done());
  CHECK_THROWS_WITH_AS(u.call.rethrow(), "it ended", stet::error);
}

TEST_CASE("who waits for an update that goes over waits at the next run, and nobody else") {
  parts p;
  auto r = p.start("a"), next = p.start("b");
  updating stays(*r, "stays"), goes(*r, "goes");
  waiting_calls::move_updaters(*r, *next, {"goes", "unknown"});
  CHECK(r->updaters == std::vector<update_call*>{&stays.call});
  CHECK(next->updaters == std::vector<update_call*>{&goes.call});
  CHECK(goes.call.target.run == next->state.run.value());
  CHECK(goes.call.outcome.run == next->state.run.value());
}

TEST_CASE("what an update came to is put into what its caller gets") {
  update_answer a;
  update_outcome o;
  fill(o, a);
  CHECK(!o.answered);
  CHECK(!o.error);
  a.done = true;
  a.payload = "p";
  a.failure = std::make_unique<stet::failure>(stet::failure{"type", "no", {}, 1});
  fill(o, a);
  CHECK(o.answered);
  CHECK(o.payload == "p");
  REQUIRE(o.error);
  CHECK(o.error->message == "no");
}
