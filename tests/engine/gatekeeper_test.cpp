// The gate before a body begins.
#include "engine/advance/gatekeeper.hpp"

#include "stepping.hpp"

using namespace stet_tests;

namespace {

/// An executor of the host that only takes work.
struct taking_executor final : stet::executor {
  void submit(stet::work* first) noexcept override { submitted = first; }
  stet::work* stop() noexcept override { return nullptr; }
  stet::work* submitted = nullptr;
};

stet::task<int> timed_step(stet::context& ctx) {
  co_return co_await ctx.step(
      "s", {.timeout = stet::duration(500), .total_timeout = stet::duration(900)},
      [] { return 1; });
}

/// The attempt comes back, even if the executor still has it.
void give_back(stepping& s) {
  s.a().revoke();
  s.p->bodies.inline_returned.push(s.a());
}

}  // namespace

TEST_CASE("a body begins only when its cause is durable") {
  stepping s;
  CHECK(!s.p->advance.gate.open());
  CHECK(s.a().at == attempt::phase::waiting);
  CHECK(s.p->bodies.gate.size() == 1);
  (void)s.p->commit.commit();
  CHECK(s.p->advance.gate.open());
  CHECK(s.a().at == attempt::phase::left);
  CHECK(s.p->bodies.gate.empty());
  CHECK(s.p->bodies.inline_returned.pop() == &s.a());
  std::unique_ptr<attempt> mine(&s.a());
  s.r->remove(*mine);
}

TEST_CASE("no body begins while the engine closes") {
  stepping s;
  (void)s.p->commit.commit();
  s.p->inbox.begin_close();
  CHECK(!s.p->advance.gate.open());
  CHECK(s.a().at == attempt::phase::waiting);
}

TEST_CASE("what was revoked goes back at once, and was never begun") {
  stepping s;
  s.a().revoke();
  CHECK(s.p->advance.gate.open());
  CHECK(s.p->bodies.gate.empty());
  CHECK(!s.a().ticket.submitted);
}

TEST_CASE("the body of a stalled run waits") {
  stepping s;
  (void)s.p->commit.commit();
  s.r->state.stalled = true;
  CHECK(!s.p->advance.gate.open());
  CHECK(s.p->bodies.gate.size() == 1);
}

TEST_CASE("who has threads for bodies gets them, with the time at which they are to be looked at") {
  taking_executor threads;
  stepping s(&timed_step, {.executor = &threads});
  (void)s.p->commit.commit();
  CHECK(s.p->advance.gate.open());
  CHECK(threads.submitted == &s.a());
  CHECK(s.p->bodies.threads.outstanding == 1);
  CHECK(s.a().ticket.submitted);
  CHECK(s.a().ticket.deadline == s.p->time.now() + 500);
  CHECK(s.p->time.timers.next_due() == s.a().ticket.deadline);
  give_back(s);
}

TEST_CASE("a suspect waits while another is tried alone, and the time of its step goes on") {
  stepping s(&timed_step);
  (void)s.p->commit.commit();
  auto& suspects = s.p->runs.suspects;
  suspects.add({s.r->state.run, command_number(1)}, trial::alone);
  attempt other(s.p->bodies, *s.r, s.r->state, *s.a().body);
  other.order.tried = trial::alone;
  s.p->desk.trials.begins(other);
  CHECK(!s.p->advance.gate.open());
  CHECK(s.a().at == attempt::phase::waiting);
  CHECK(s.a().ticket.deadline == s.step().armed + 900);
  s.p->desk.trials.ends(other);
  CHECK(s.p->advance.gate.open());
  CHECK(s.a().at == attempt::phase::left);
}

TEST_CASE("an attempt whose frame was rebuilt runs the body of the new one") {
  stepping s;
  (void)s.p->commit.commit();
  auto* before = s.a().body;
  before->hold();
  s.p->runs.frames.evict(*s.r);
  CHECK(s.p->advance.gate.open());
  CHECK(s.a().body != before);
  CHECK(s.a().at == attempt::phase::left);
  before->drop();
}

TEST_CASE("an attempt waits in its run's order, also if the run began by a clock that was ahead") {
  for (int hours : {-1, 0, 1}) {
    stepping s;
    const auto now = s.p->time.now();
    s.r->state.started = now + hours * 3'600'000;
    (void)s.p->commit.commit();
    CHECK(s.p->advance.gate.open());
    CHECK(s.a().rank <= now.value());
    CHECK(s.a().rank >= (now - 60'000).value());
    s.p->bodies.inline_returned.pop();
    std::unique_ptr<attempt> mine(&s.a());
    s.r->remove(*mine);
  }
}
