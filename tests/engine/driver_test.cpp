// Driving a run by events.
#include "engine/drive/driver.hpp"

#include "history/make.hpp"
#include "parts.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::signal<int> Ping{"ping"};

/// Sends itself the signal that it waits for, again and again.
stet::task<int> busy(stet::context& ctx) {
  for (;;) {
    co_await ctx.signal("a", Ping, 1);
    co_await ctx.receive(Ping);
  }
}
stet::task<int> waits(stet::context& ctx) { co_return co_await ctx.receive(Ping); }

stet::task<int> reads(stet::context& ctx) {
  for (;;) co_await ctx.receive(Ping);
}

int draws = 0;
stet::task<int> fickle(stet::context& ctx) {
  co_return co_await ctx.step(++draws % 2 == 0 ? "even" : "odd", [] { return 1; });
}

stet::task<std::string> asks(stet::context& ctx) {
  co_return co_await ctx.step("ask", [] { return std::string(); });
}

record ping(const std::string& payload) {
  return event_named(record_kind::signal, "ping", payload);
}

}  // namespace

TEST_CASE("an event is recorded, and drives, with what comes of it") {
  parts p;
  p.define("waits", &waits);
  auto one = bytes_of(1);
  auto r = p.start("a", "waits");
  p->drive.driver.take_event(*r, ping(one));  // the run's start is driven first
  CHECK(r->state.undriven == 2);
  REQUIRE(p->drive.frames.ensure_frame(*r));
  p->drive.driver.drive_what_is_there(*r);
  CHECK(r->state.undriven == 0);
  CHECK(r->state.status == stet::status::completed);
  auto records = r->state.records;
  p->drive.driver.take_event(*r, ping(one));  // it has ended
  CHECK(r->state.records == records);
}

TEST_CASE("a run may drive when it has an event, isn't stalled, and has begun") {
  parts p;
  auto& d = p->drive.driver;
  auto r = p.start("a");
  CHECK(d.may_drive(*r));
  r->state.stalled = true;
  CHECK(!d.may_drive(*r));
  r->state.stalled = false;
  r->state.begins_at = p->time.now() + 1;
  CHECK(!d.may_drive(*r));
  r->state.begins_at = {};
  REQUIRE(p->drive.frames.ensure_frame(*r));
  d.drive_next(*r);
  CHECK(!d.may_drive(*r));
}

TEST_CASE("an event of a stalled run is kept for later") {
  parts p;
  auto r = p.start("a");
  p->drive.staller.stall(*r, "why");
  p->drive.driver.take_event(*r, ping(""));
  CHECK(r->state.undriven == 2);
  CHECK(!r->frame);
}

TEST_CASE("an event that can't be sealed has not happened") {
  auto key = std::make_shared<fragile_transform>();
  parts p(stet::memory::open(), {.transforms = {key}});
  p.define("waits", &waits);
  auto r = p.start("a", "waits");
  p.settle();
  auto records = r->state.records;
  auto one = bytes_of(1);
  key->broken = true;
  CHECK_THROWS_AS(p->drive.driver.take_event(*r, ping(one)), users_exception);
  CHECK(r->state.records == records);
  CHECK(!r->state.stalled);
  p->drive.driver.take_event_surely(*r, event_named(record_kind::cancel_requested, "why"));
  CHECK(r->state.records > records);
}

TEST_CASE("a result is moved to the code that awaits it, and to none if it can't drive now") {
  parts p(stet::memory::open(), {.replay_check_interval = 1});
  p.define("asks", &asks);
  auto arguments = bytes_of(std::tuple<>{});
  const auto whole = bytes_of(std::string(100, 'x'));
  auto result = whole;
  auto take = [&](resident& r) {
    p->drive.driver.take_event(r, events::step_done(command_number(1), 1, result), {}, &result);
  };
  auto stalled = p->drive.driver.create_and_drive(p.start_of("a", "asks", arguments));
  p->drive.staller.stall(*stalled, "why");
  take(*stalled);
  CHECK(stalled->state.undriven == 1);
  CHECK(result == whole);
  auto r = p->drive.driver.create_and_drive(p.start_of("b", "asks", arguments));
  take(*r);
  CHECK(result.empty());
  REQUIRE(r->state.status == stet::status::completed);
  CHECK(p->runs.texts.result(r->state) == whole);
  CHECK(p->runs.history.stored(*r).find(whole) != std::string::npos);
}

TEST_CASE("a run is driven by what is there: what it brings to itself waits for another turn") {
  parts p;
  p.define("busy", &busy);
  auto r = p.start("a", "busy");
  REQUIRE(p->drive.frames.ensure_frame(*r));
  (void)p->runs.agenda.take();
  r->queued = false;
  p->drive.driver.drive_what_is_there(*r);
  CHECK(r->state.undriven > 0);
  CHECK(p->runs.agenda.size() == 1);
  CHECK(p.count(*r, record_kind::message) == 1);
}

TEST_CASE("a run with very many events has other turns for the rest of them") {
  parts p;
  p.define("reads", &reads);
  auto r = p.start("a", "reads");
  auto one = bytes_of(1);
  for (int i = 0; i < 1100; ++i) p->recorder.post_event(*r, ping(one));
  (void)p->runs.agenda.take();
  r->queued = false;
  p->drive.driver.drive_what_is_there(*r);
  CHECK(r->state.undriven == 1101 - 1024);
  CHECK(p->runs.agenda.size() == 1);
}

TEST_CASE("a run whose code comes to something else in a replay stalls, and keeps its event") {
  parts p(stet::memory::open(), {.replay_check_interval = 1});
  p.define("fickle", &fickle);
  auto arguments = bytes_of(std::tuple<>{});
  auto r = p->drive.driver.create_and_drive(p.start_of("a", "fickle", arguments));
  CHECK(r->state.stalled);
  CHECK(r->state.undriven == 1);
  CHECK(r->state.waits_for.size() == 0);
  CHECK(r->attempts.empty());
  CHECK(p->runs.texts.outcome(r->state).find("isn't deterministic") != std::string::npos);
}

TEST_CASE("a new run is driven at once") {
  parts p;
  auto arguments = bytes_of(std::tuple<>{});
  auto r = p->drive.driver.create_and_drive(p.start_of("a", "sleeper", arguments));
  CHECK(r->state.undriven == 0);
  CHECK(r->state.waits_for.size() == 1);
  CHECK(r->frame);
  CHECK(p->runs.agenda.empty());
}

TEST_CASE("an engine that keeps no coroutines drops each after its drive") {
  parts p(stet::memory::open(), {.resident_runs_max = 0});
  auto arguments = bytes_of(std::tuple<>{});
  auto r = p->drive.driver.create_and_drive(p.start_of("a", "sleeper", arguments));
  CHECK(!r->frame);
}
