// The gate before a body begins.
#include "engine/advance/gatekeeper.hpp"

#include <algorithm>
#include <string>
#include <vector>

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

stet::task<int> plain_step(stet::context& ctx) {
  co_return co_await ctx.step("s", [] { return 1; });
}
stet::task<int> inline_step(stet::context& ctx) {
  co_return co_await ctx.step("s", {.run_inline = true}, [] { return 1; });
}

/// Runs whose steps wait in the gate.
struct many {
  explicit many(stet::engine_options o = {}) : p(stet::memory::open(), std::move(o)) {
    p.define("plain", &plain_step);
    p.define("inline", &inline_step);
  }
  attempt& begin(const std::string& id, std::string_view workflow = "plain") {
    runs.push_back(p.start(id, workflow));
    auto& r = *runs.back();
    REQUIRE(p->drive.frames.ensure_frame(r));
    p->drive.driver.drive_what_is_there(r);
    REQUIRE(r.attempts.size() == 1);
    return *r.attempts.front();
  }
  std::size_t open_runs() {
    return static_cast<std::size_t>(
        std::count_if(runs.begin(), runs.end(), [](auto& r) { return r->state.open(); }));
  }
  parts p;
  std::vector<run_lease> runs;
};

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
    s.r->state.started = now + std::int64_t{hours} * 3'600'000;
    (void)s.p->commit.commit();
    CHECK(s.p->advance.gate.open());
    CHECK(s.a().rank <= now.value());
    CHECK(s.a().rank >= (now - 60'000).value());
    s.p->bodies.inline_returned.pop();
    std::unique_ptr<attempt> mine(&s.a());
    s.r->remove(*mine);
  }
}

TEST_CASE("bodies that run here go some at a time, and the results of these are taken first") {
  constexpr std::size_t count = 2 * gatekeeper::at_once_here + 3;
  many m;
  for (std::size_t i = 0; i < count; ++i) (void)m.begin(std::to_string(i));
  (void)m.p->commit.commit();
  std::vector<std::size_t> waiting, still_open;
  CHECK(m.p->advance.gate.open([&] {
    waiting.push_back(m.p->bodies.gate.size());
    (void)m.p->advance.returns.take();
    still_open.push_back(m.open_runs());
  }));
  const auto first = count - gatekeeper::at_once_here;
  CHECK(waiting == std::vector<std::size_t>{first, 3, 0});
  CHECK(still_open == std::vector<std::size_t>{first, 3, 0});
}

TEST_CASE("what waits in the gate keeps its order and is looked at once, among others that begin") {
  constexpr std::size_t count = 2 * gatekeeper::at_once_here;
  many m;
  std::vector<attempt*> waits;
  for (std::size_t i = 0; i < count; ++i) (void)m.begin(std::to_string(i));
  (void)m.p->commit.commit();
  for (std::size_t i = 0; i < count; i += 4) {
    m.runs[i]->state.stalled = true;
    waits.push_back(m.runs[i]->attempts.front());
  }
  attempt* younger = nullptr;
  CHECK(m.p->advance.gate.open([&] {
    if (!younger) younger = &m.begin("begun meanwhile");
  }));
  REQUIRE(younger);
  CHECK(younger->at == attempt::phase::waiting);
  waits.push_back(younger);
  auto& gate = m.p->bodies.gate;
  CHECK(std::vector<attempt*>(gate.begin(), gate.end()) == waits);
  while (m.p->bodies.inline_returned.pop()) {}
}

TEST_CASE("if a result can't be recorded, the attempts after its group are still in the gate") {
  constexpr std::size_t count = gatekeeper::at_once_here + 2;
  many m;
  for (std::size_t i = 0; i < count; ++i) (void)m.begin(std::to_string(i));
  (void)m.p->commit.commit();
  auto fails = [] { throw stet::store_error(stet::errc::store, "commit", "x", 5, "it is gone"); };
  CHECK_THROWS_AS(m.p->advance.gate.open(fails), stet::store_error);
  CHECK(m.p->bodies.gate.size() == 2);
  std::size_t back = 0;
  while (m.p->bodies.inline_returned.pop()) ++back;
  CHECK(back == gatekeeper::at_once_here);
}

TEST_CASE("threads get their bodies before any body runs here") {
  taking_executor threads;
  many m({.executor = &threads});
  std::vector<attempt*> here;
  for (std::size_t i = 0; i <= gatekeeper::at_once_here; ++i)
    here.push_back(&m.begin(std::to_string(i), "inline"));
  auto& elsewhere = m.begin("last");
  (void)m.p->commit.commit();
  CHECK(m.p->advance.gate.open([&] {
    CHECK(threads.submitted == &elsewhere);
    CHECK(here.front()->at == attempt::phase::left);
    while (m.p->bodies.inline_returned.pop()) {}
  }));
  CHECK(here.back()->at == attempt::phase::left);
  CHECK(elsewhere.at == attempt::phase::waiting);
}

TEST_CASE("a close that begins between two groups leaves the rest in the gate") {
  many m;
  for (std::size_t i = 0; i <= gatekeeper::at_once_here; ++i) (void)m.begin(std::to_string(i));
  (void)m.p->commit.commit();
  CHECK(m.p->advance.gate.open([&] { (void)m.p->inbox.begin_close(); }));
  CHECK(m.p->bodies.gate.size() == 1);
  while (m.p->bodies.inline_returned.pop()) {}
}
