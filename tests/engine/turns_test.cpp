// The loop and its turns.
#include "engine/loop/turns.hpp"

#include <functional>

#include "stepping.hpp"

using namespace stet_tests;

namespace {

/// A call whose work the test gives.
class some_call final : public call {
 public:
  explicit some_call(std::function<record_lsn()> f) : what(std::move(f)) {}
  std::optional<record_lsn> perform(calls_room&) override { return what(); }
  std::string error() const {
    try {
      rethrow();
      return {};
    } catch (const std::exception& e) { return e.what(); }
  }
  std::function<record_lsn()> what;
};

struct fixture {
  fixture() : p(std::make_unique<stet::testing::fault_store>(stet::memory::open(), faults)) {}
  std::shared_ptr<stet::testing::faults> faults = std::make_shared<stet::testing::faults>();
  parts p;
  turns t{*p, p.calls};
};

}  // namespace

TEST_CASE("one turn performs a call, writes what it recorded, and answers it") {
  fixture f;
  CHECK(!f.t.turn());
  some_call c([&] { return f.p.start("a")->last_lsn; });
  f.p->inbox.post(c);
  CHECK(f.t.turn());
  CHECK(c.is_done());
  CHECK(c.error().empty());
  CHECK(f.p->journal.durable_lsn());
  auto r = f.p->runs.finder.must_find({0, "default", "a"});
  CHECK(r->state.waits_for.size() == 1);  // it was driven
}

TEST_CASE("what a call throws is its answer, when all that it may depend on is durable") {
  fixture f;
  auto r = f.p.start("a");
  some_call ours([]() -> record_lsn { throw stet::error(stet::errc::usage, "x", "ours"); });
  some_call users([]() -> record_lsn {
    throw users_exception(std::make_exception_ptr(std::runtime_error("the user's")));
  });
  f.p->inbox.post(ours);
  f.p->inbox.post(users);
  CHECK(f.t.take_calls());
  CHECK(!ours.is_done());
  (void)f.p->commit.commit();
  CHECK(ours.error() == "ours");
  CHECK(users.error() == "the user's");
}

TEST_CASE("what is no call's own failure ends the turn") {
  fixture f;
  some_call c(
      []() -> record_lsn { throw stet::store_error(stet::errc::store, "get", "", 0, "broken"); });
  f.p->inbox.post(c);
  CHECK_THROWS_AS((void)f.t.take_calls(), stet::store_error);
  CHECK(!c.is_done());  // the thread that ends the engine answers it
  f.t.fail(std::make_exception_ptr(std::runtime_error("broken")));
  CHECK(c.error() == "broken");
}

TEST_CASE("while the store has no room, calls that need some are refused, and others performed") {
  fixture f;
  auto r = f.p.start("a");
  f.faults->fail_next(stet::testing::store_call::commit, stet::testing::fault::refused,
                      stet::testing::faults::for_ever);
  (void)f.p->commit.commit();
  REQUIRE(f.p->commit.is_refused());
  int performed = 0;
  some_call needs([&] {
    ++performed;
    return no_lsn;
  });
  some_call looks([&] {
    performed += 10;
    return no_lsn;
  });
  looks.needs_room = false;
  f.p->inbox.post(needs);
  f.p->inbox.post(looks);
  (void)f.t.take_calls();
  CHECK(performed == 10);
  CHECK(!needs.error().empty());
  CHECK(looks.is_done());
  CHECK(f.t.next_wakeup(true) == f.p->commit.last_refusal().retry_at);
}

TEST_CASE("it is known when there is something to do next") {
  fixture f;
  auto at = [&](bool was_busy) { return f.t.next_wakeup(was_busy).value_or(engine_time::never()); };
  while (f.t.turn()) {}
  CHECK(at(false) == engine_time::never());
  CHECK(at(true) == f.p->time.now());
  auto r = f.p.start("a");
  CHECK(at(false) == f.p->time.now());
  while (f.t.turn()) {}
  f.p->advance.waker.schedule(*r);
  CHECK(at(false) == r->state.find(command_number(1))->due);
}

TEST_CASE("when the engine fails everybody is told, and no body begins any more") {
  fixture f;
  auto r = f.p.start("a");
  some_call waits([] { return no_lsn; });
  outcome_call end({r->state.run.value(), "default", "a"});
  f.p->inbox.post(end);
  (void)f.t.take_calls();
  f.p->inbox.post(waits);
  f.t.fail(std::make_exception_ptr(std::runtime_error("broken")));
  CHECK(waits.error() == "broken");
  CHECK(end.is_done());
  CHECK(r->waiting_calls.empty());
  CHECK(f.p->inbox.has_failed());
  CHECK(f.p.heard.heard("the engine stopped: broken"));
  some_call late([] { return no_lsn; });
  CHECK_THROWS_AS(f.p->inbox.post(late), std::runtime_error);
}

TEST_CASE("attempts that are discarded are no longer their runs', wherever they wait") {
  stepping s;
  turns t(*s.p, s.p.calls);
  t.fail(std::make_exception_ptr(std::runtime_error("broken")));
  CHECK(s.a().at == attempt::phase::revoked);
  t.discard_attempts();
  CHECK(s.r->attempts.empty());
  CHECK(s.p->bodies.gate.empty());
}

TEST_CASE("a close whose time is over drives nothing any more") {
  fixture f;
  auto r = f.p.start("a");
  f.t.close_by = std::chrono::steady_clock::now();
  CHECK(!f.t.drive_ready());
  CHECK(r->state.undriven == 1);
  f.t.close_by.reset();
  CHECK(f.t.drive_ready());
}

TEST_CASE("the loop ends when a close begins, and what it threw fails the engine") {
  fixture f;
  f.p->inbox.begin_close();
  f.t.loop();
  CHECK(!f.p->inbox.has_failed());
  fixture g;
  some_call c(
      []() -> record_lsn { throw stet::store_error(stet::errc::store, "get", "", 0, "broken"); });
  g.p->inbox.post(c);
  g.t.loop();
  CHECK(g.p->inbox.has_failed());
  CHECK(!c.error().empty());
}
