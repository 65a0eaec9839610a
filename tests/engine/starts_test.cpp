// Starting runs from outside.
#include "engine/calls/starts.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

start_request request_for(std::string id) {
  start_request q;
  q.id = std::move(id);
  q.arguments = bytes_of(std::tuple<>{});
  return q;
}

struct fixture {
  std::vector<start_result> start(std::vector<start_request> all,
                                  const signal_request* first = nullptr) {
    return p.calls.starts.start("default", "sleeper", all, first).value;
  }
  start_result start(const start_request& q) { return start(std::vector{q}).front(); }
  void end(run_number run) {
    auto r = p->runs.table.load(run);
    p->drive.ending.terminate(*r, "");
  }
  std::shared_ptr<fragile_transform> key = std::make_shared<fragile_transform>();
  parts p{stet::memory::open(), {.transforms = {key}}};
};

}  // namespace

TEST_CASE("a run is started, and driven at once") {
  fixture f;
  auto started = f.start(request_for("a"));
  CHECK(started.created);
  auto r = f.p->runs.table.load(run_number(started.run));
  CHECK(r->state.undriven == 0);
  CHECK(r->state.waits_for.size() == 1);
}

TEST_CASE("several start together, and where one is refused none does") {
  fixture f;
  auto all = f.start({request_for("a"), request_for("b"), request_for("a")});
  REQUIRE(all.size() == 3);
  CHECK(!all[2].created);
  CHECK(all[2].run == all[0].run);
  auto runs = f.p->runs.table.all().size();
  auto lsn = f.p->journal.last_lsn();
  auto refused = request_for("b");
  refused.conflict = stet::id_conflict::fail;
  CHECK_THROWS_WITH_AS((void)f.start({request_for("c"), refused}), doctest::Contains("is open"),
                       stet::error);
  CHECK(!f.p->runs.table.latest("default", "c"));
  CHECK(f.p->runs.table.all().size() == runs);
  CHECK(f.p->journal.last_lsn() == lsn);
}

TEST_CASE("an id whose run is open is used, refused, or taken over") {
  fixture f;
  auto first = f.start(request_for("a")).run;
  auto q = request_for("a");
  CHECK(f.start(q).run == first);
  q.conflict = stet::id_conflict::terminate_existing;
  auto second = f.start(q);
  CHECK(second.created);
  CHECK(f.p->runs.table.load(run_number(first))->state.status == stet::status::terminated);
  CHECK(f.p->runs.table.latest("default", "a") == run_number(second.run));
}

TEST_CASE("an id whose run has ended is used, refused, or has another run") {
  fixture f;
  auto first = f.start(request_for("a")).run;
  f.end(run_number(first));
  auto q = request_for("a");
  CHECK(f.start(q).run == first);
  q.reuse = stet::id_reuse::reject;
  CHECK_THROWS_WITH_AS((void)f.start(q), doctest::Contains("has had a run"), stet::error);
  q.reuse = stet::id_reuse::allow_after_failure;
  auto second = f.start(q);
  CHECK(second.created);
  auto r = f.p->runs.table.load(run_number(second.run));
  auto one = bytes_of(1);
  f.p->recorder.append_note(*r, event_named(record_kind::completed, "", one));
  CHECK_THROWS_WITH_AS((void)f.start(q), doctest::Contains("completed"), stet::error);
  q.reuse = stet::id_reuse::allow;
  CHECK(f.start(q).created);
}

TEST_CASE("where one of several starts has other arguments than its run, none is made") {
  fixture f;
  (void)f.start(request_for("a"));
  auto other = request_for("a");
  other.expects_same_arguments = true;
  CHECK(!f.start(other).created);
  other.arguments = bytes_of(std::tuple<int>(1));
  CHECK_THROWS_WITH_AS((void)f.start({request_for("c"), other}),
                       doctest::Contains("other arguments"), stet::error);
  CHECK(!f.p->runs.table.latest("default", "c"));
  other.expects_same_arguments = false;
  CHECK(!f.start(other).created);
}

TEST_CASE("a run that would be replaced stays, where the new one can't be recorded") {
  fixture f;
  auto first = f.start(request_for("a")).run;
  auto q = request_for("a");
  q.conflict = stet::id_conflict::terminate_existing;
  f.key->broken = true;
  CHECK_THROWS_AS((void)f.start({request_for("b"), q}), users_exception);
  CHECK(f.p->runs.table.latest("default", "a") == run_number(first));
  CHECK(f.p->runs.table.load(run_number(first))->state.open());
}

TEST_CASE("a start must make sense") {
  fixture f;
  auto& starts = f.p.calls.starts;
  starts.check("sleeper", request_for(std::string(200, 'x')));
  CHECK_THROWS_AS(starts.check("unknown", request_for("a")), stet::error);
  CHECK_THROWS_WITH_AS(starts.check("sleeper", request_for("")), doctest::Contains("empty"),
                       stet::error);
  CHECK_THROWS_WITH_AS(starts.check("sleeper", request_for(std::string(201, 'x'))),
                       doctest::Contains("201"), stet::error);
  auto q = request_for("a");
  q.delay = stet::duration(-1);
  CHECK_THROWS_WITH_AS(starts.check("sleeper", q), doctest::Contains("negative"), stet::error);
}

TEST_CASE("times of a start count from now, and a time beyond all times is the last one") {
  fixture f;
  auto q = request_for("a");
  q.delay = stet::duration(500);
  q.run_timeout = stet::duration(700);
  q.execution_timeout = stet::duration::max();
  auto r = f.p->runs.table.load(run_number(f.start(q).run));
  CHECK(r->state.begins_at == f.p->time.now() + 500);
  CHECK(r->state.run_timeout == 700);
  CHECK(r->state.execution_deadline == engine_time::never() - 1);
  CHECK(r->state.undriven == 1);
}

TEST_CASE("a first signal is recorded with the start, or sent to the run that is there") {
  fixture f;
  signal_request s{"s", bytes_of(1), "k"};
  auto started = f.start({request_for("a")}, &s).front();
  CHECK(started.created);
  auto r = f.p->runs.table.load(run_number(started.run));
  CHECK(f.p.count(*r, record_kind::signal) == 1);
  s.key = "k2";
  CHECK(!f.start({request_for("a")}, &s).front().created);
  CHECK(f.p.count(*r, record_kind::signal) == 2);
}

TEST_CASE("a run is found by its id, and only as one of its workflow") {
  fixture f;
  auto run = f.start(request_for("a")).run;
  auto& starts = f.p.calls.starts;
  CHECK(starts.find("sleeper", {0, "default", "a"}).value->run == run);
  CHECK(!starts.find("sleeper", {0, "default", "x"}).value);
  CHECK_THROWS_WITH_AS((void)starts.find("other", {0, "default", "a"}),
                       doctest::Contains("belongs to a run of workflow 'sleeper'"), stet::error);
}
