// One attempt of a step.
#include "engine/bodies/attempt.hpp"

#include <optional>
#include <thread>

#include "one_step.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace stet_tests;

TEST_CASE("an attempt calls its body once, keeps what it returns, and comes back") {
  int calls = 0;
  one_step s([&calls] { return ++calls; });
  s.a.run();
  CHECK(calls == 1);
  CHECK(s.a.at == attempt::phase::left);
  CHECK(s.a.outcome.result == bytes_of(1));
  CHECK(!s.a.outcome.error);
  CHECK(!s.a.revoke());
  CHECK(s.p->bodies.inline_returned.pop() == &s.a);
}

TEST_CASE("the clock is read for an attempt only where a time-out counts from its begin") {
  one_step timed([] {}, {.timeout = stet::duration(500)}), untimed([] {});
  for (auto* s : {&timed, &untimed}) s->run_elsewhere();
  CHECK(timed.a.began == timed.p.clock.steady().count());
  CHECK(timed.a.outcome.ended == timed.a.began);
  CHECK(untimed.a.began == -1);
}

TEST_CASE("what was revoked never calls its body, and comes back all the same") {
  int calls = 0;
  one_step s([&calls] { ++calls; });
  CHECK(s.a.revoke());
  CHECK(s.a.revoke());
  s.a.run();
  CHECK(calls == 0);
  CHECK(s.a.at == attempt::phase::revoked);
  CHECK(s.p->bodies.inline_returned.pop() == &s.a);
}

TEST_CASE("what a body throws is kept, with whether it was asked to stop") {
  one_step failed([]() -> int { throw std::runtime_error("no"); });
  failed.a.run();
  CHECK(failed.a.outcome.threw);
  CHECK(!failed.a.outcome.was_stopped);
  CHECK(!failed.a.threw_stopped());
  one_step stopped([](stet::step_context& c) { c.throw_if_stopped(); });
  stopped.a.ask_to_stop();
  stopped.a.run();
  CHECK(stopped.a.outcome.was_stopped);
  CHECK(stopped.a.threw_stopped());
}

TEST_CASE("a result that is too long fails for good, since its effect has happened") {
  one_step s([] { return std::string(5u << 20, 'x'); });
  s.a.run();
  REQUIRE(s.a.outcome.error);
  CHECK_THROWS_AS(std::rethrow_exception(s.a.outcome.error), stet::permanent_error);
  CHECK(!s.a.outcome.threw);
}

TEST_CASE("the key of a step is the same at each attempt, and another for each run") {
  one_step a([] {}), b([] {});
  b.a.order.number = 2;
  CHECK(a.a.idempotency_key() == b.a.idempotency_key());
  b.run.state.seed[1] = 1;
  CHECK(a.a.idempotency_key() != b.a.idempotency_key());
  b.run.state.seed[1] = 0;
  b.a.order.command = command_number(3);
  CHECK(a.a.idempotency_key() != b.a.idempotency_key());
}

TEST_CASE("a thread knows the attempt whose body it runs, and only then") {
  attempt* seen = nullptr;
  one_step s([&seen] { seen = attempt_of_thread(); });
  s.run_elsewhere();
  CHECK(seen == &s.a);
  CHECK(attempt_of_thread() == nullptr);
  CHECK(s.p->bodies.take_from_threads().pop() == &s.a);
}

TEST_CASE("an engine that closes takes no attempt that waits for its thread") {
  int calls = 0;
  one_step s([&calls] { ++calls; });
  s.p->inbox.begin_close();
  s.a.run();
  CHECK(calls == 0);
  CHECK(s.a.at == attempt::phase::revoked);
}

TEST_CASE("attempts in a row keep their order") {
  one_step a([] {}), b([] {}), c([] {});
  attempt_row row, other;
  CHECK(row.empty());
  CHECK(row.pop() == nullptr);
  row.push(b.a);
  row.push_front(a.a);
  other.push(c.a);
  row.take(other);
  CHECK(other.empty());
  CHECK(row.pop() == &a.a);
  CHECK(row.pop() == &b.a);
  CHECK(row.pop() == &c.a);
  CHECK(row.empty());
  row.push_front(c.a);
  row.push(a.a);  // after the first
  CHECK(row.pop() == &c.a);
  CHECK(row.pop() == &a.a);
}

TEST_CASE("an attempt whose body has returned has no crash slot of its thread any more") {
  temporary_directory d;
  std::optional<stet::completion<int>> kept;
  auto s = one_step::later<int>([&kept](stet::completion<int> c) { kept = std::move(c); });
  (void)s.p->services.crash_slots.open(d / "slots");
  s.run_elsewhere();
  CHECK(s.a.is_pending());
  CHECK(s.a.pending_slot >= 0);
  CHECK(s.a.slot == -1);
  CHECK(kept->resolve(1));
}
