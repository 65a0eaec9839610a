// How runs end, and how their debts are paid.
#include "engine/drive/ending.hpp"

#include "families.hpp"

using namespace stet_tests;

namespace {

stet::task<int> leaves_child(stet::context& ctx) {
  auto child =
      ctx.start_child(Sleeper, "child", {.parent_close = stet::parent_close::request_cancel});
  co_await ctx.sleep(std::chrono::hours(1));
  co_return 1;
}

/// The error type of the last record of this kind in the run's history.
std::string error_type_of(parts& p, resident& r, record_kind k) {
  std::string type;
  p->runs.history.for_each(r, [&](const record& rec) {
    if (rec.kind == k) type = rec.error_type;
  });
  return type;
}

}  // namespace

TEST_CASE("a run is terminated once, with the reason of the first") {
  parts p;
  auto r = p.start("a");
  p->drive.ending.terminate(*r, "first");
  p->drive.ending.terminate(*r, "second");
  CHECK(r->state.status == stet::status::terminated);
  CHECK(p->runs.texts.outcome(r->state) == "first");
  CHECK(p.count(*r, record_kind::terminated) == 1);
  CHECK(p->commit.checkpointer.has_ended());
}

TEST_CASE("a run is asked to end once, in a turn of its own") {
  parts p;
  auto r = p.start("a");
  p->drive.ending.request_cancel(*r, "first");
  p->drive.ending.request_cancel(*r, "second");
  CHECK(r->state.open());
  CHECK(r->state.undriven == 2);  // its start, and the request to cancel
  CHECK(p.count(*r, record_kind::cancel_requested) == 1);
}

TEST_CASE("a run that is asked to end before it begins ends at once, cancelled") {
  parts p;
  auto arguments = bytes_of(std::tuple<>{});
  auto start = p.start_of("a", "sleeper", arguments);
  start.begins_at = p->time.now() + 500;
  auto r = p->drive.births.create(start);
  p->drive.ending.request_cancel(*r, "why");
  CHECK(r->state.status == stet::status::cancelled);
  CHECK(!r->frame);
}

TEST_CASE("a run whose time is over is ended as timed out, and not before") {
  parts p;
  auto arguments = bytes_of(std::tuple<>{});
  auto start = p.start_of("a", "sleeper", arguments);
  start.run_timeout = 500;
  auto r = p->drive.births.create(start);
  CHECK(!p->drive.ending.end_overdue(*r));
  p.pass(stet::duration(499));
  CHECK(!p->drive.ending.end_overdue(*r));
  p.pass(stet::duration(1));
  CHECK(p->drive.ending.end_overdue(*r));
  CHECK(r->state.status == stet::status::timed_out);
}

TEST_CASE("a parent is told how its child ended") {
  family f;
  SUBCASE("by a result") {
    auto seven = bytes_of(7);
    auto end = event_named(record_kind::completed, "", seven);
    f.p->recorder.append_note(*f.child, end);
    f.p->drive.ending.end_run(*f.child, end);
    CHECK(f.p.count(*f.parent, record_kind::child_done) == 1);
  }
  SUBCASE("by a termination") {
    f.p->drive.ending.terminate(*f.child, "why");
    CHECK(error_type_of(f.p, *f.parent, record_kind::child_failed) == "stet::run_terminated");
  }
  SUBCASE("because its time was over") {
    f.p->drive.ending.terminate(*f.child, "why", flag::terminated::timed_out);
    CHECK(error_type_of(f.p, *f.parent, record_kind::child_failed) == "stet::run_timed_out");
  }
  CHECK(f.parent->state.undriven == 1);
}

TEST_CASE("a parent that has ended, or waits for another run, isn't told") {
  family f;
  auto end = event_named(record_kind::terminated, "");
  SUBCASE("it has ended") { f.parent->state.status = stet::status::completed; }
  SUBCASE("it waits for another") {
    f.parent->state.find(command_number(1))->child = run_number(99);
  }
  auto records = f.parent->state.records;
  f.p->drive.ending.tell_parent(*f.child, end);
  CHECK(f.parent->state.records == records);
}

TEST_CASE("the children of a run that ends are ended with it, or asked to end") {
  family ended, asked(&leaves_child);
  ended.p->drive.ending.terminate(*ended.parent, "");
  CHECK(ended.child->state.status == stet::status::terminated);
  asked.p->drive.ending.terminate(*asked.parent, "");
  CHECK(asked.child->state.open());
  CHECK(asked.child->state.cancel_requested);
  CHECK(ended.p->recorder.orphans.empty());
}

TEST_CASE("a child that can't be read is owed its end") {
  family f;
  auto child = f.child->state.run;
  f.child = {};
  f.p.damage(child);
  f.p->drive.ending.terminate(*f.parent, "");
  auto owed = f.p->runs.debts.take(child);
  REQUIRE(owed.size() == 1);
  CHECK(owed[0].kind == debt_kind::end);
  CHECK(owed[0].first == child);
}

TEST_CASE("retention looks when the first run that ended was kept long enough") {
  parts p(stet::memory::open(), {.retention = stet::duration(1000)});
  auto& plan = p->runs.sweeps;
  plan.next = engine_time::never();
  plan.keep["kept"] = stet::duration(0);
  auto r = p.start("a");
  p->drive.ending.terminate(*r, "");
  auto first = r->state.closed() + 1000;
  CHECK(plan.next == first);
  p.pass(stet::duration(5));
  auto b = p.start("b");
  p->drive.ending.terminate(*b, "");
  CHECK(plan.next == first);
  plan.next = engine_time::never();
  b->state.name_space = "kept";
  p->drive.ending.plan_sweep(b->state);
  CHECK(plan.next == engine_time::never());
}
