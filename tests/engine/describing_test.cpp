// Descriptions of runs.
#include "engine/calls/describing.hpp"

#include "engine/calls/history_bytes.hpp"
#include "history/attributes.hpp"
#include "stepping.hpp"

using namespace stet_tests;

namespace {

const run_ref a{0, "default", "a"}, nobody{0, "default", "x"};

/// Waits for n steps whose arguments are too long for the run's state.
stet::task<int> long_steps(stet::context&, int n) {
  std::vector<std::string> texts;
  for (int i = 0; i < n; ++i) texts.emplace_back(100, static_cast<char>('a' + i % 26));
  (void)co_await stet::map(texts, [](stet::context& c, std::string& text) {
    return c.step("s", [](const std::string& t) { return t.size(); }, text);
  });
  co_return n;
}

}  // namespace

TEST_CASE("of an id without a run nothing is shown") {
  parts p;
  auto& d = p.calls.describing;
  CHECK(!d.describe(nobody).value);
  CHECK(d.describe(nobody).lsn == everything);  // that there is no such run may be new
  CHECK(d.history(nobody).value.empty());
  CHECK_THROWS_AS((void)d.export_history(nobody), stet::error);
}

TEST_CASE("a run shows what it is, and what it waits for") {
  parts p;
  auto r = p.start("a");
  p.settle();
  auto info = *p.calls.describing.describe(a).value;
  CHECK(info.id == "a");
  CHECK(info.workflow == "sleeper");
  CHECK(info.run == r->state.run.value());
  CHECK(info.status == stet::status::running);
  CHECK(info.reason.empty());
  CHECK(info.records == r->state.records);
  REQUIRE(info.waits_for.size() == 1);
  CHECK(info.waits_for[0].kind == stet::wait_kind::sleep);
  CHECK(info.waits_for[0].due == info.next_wakeup);
}

TEST_CASE("a history is read once to describe a run, however many steps it waits for") {
  parts p;
  p.define("long_steps", &long_steps);
  auto r = p.start("a", "long_steps", 50);
  REQUIRE(p->drive.frames.ensure_frame(*r));
  p->drive.driver.drive_what_is_there(*r);
  auto before = p->runs.history.reads();
  auto info = *p.calls.describing.describe(a).value;
  CHECK(p->runs.history.reads() - before == 1);
  REQUIRE(info.waits_for.size() == 50);
  CHECK(info.waits_for[0].detail.find(std::string(100, 'a')) != std::string::npos);
  CHECK(info.waits_for[27].detail.find(std::string(100, 'b')) != std::string::npos);
}

TEST_CASE("a run that begins later waits for its start") {
  parts p;
  auto arguments = bytes_of(std::tuple<>{});
  auto start = p.start_of("a", "sleeper", arguments);
  start.begins_at = p->time.now() + 500;
  auto r = p->drive.births.create(start);
  auto info = *p.calls.describing.describe(a).value;
  REQUIRE(info.waits_for.size() == 1);
  CHECK(info.waits_for[0].kind == stet::wait_kind::start);
  CHECK(info.waits_for[0].due == to_time_point(start.begins_at));
}

TEST_CASE("times to come are those of the wall clock, also when that was set back") {
  parts p;
  auto arguments = bytes_of(std::tuple<>{});
  auto start = p.start_of("a", "sleeper", arguments);
  start.begins_at = p->time.now() + 500;
  auto r = p->drive.births.create(start);
  p.clock.set(std::chrono::milliseconds(-300));
  auto info = *p.calls.describing.describe(a).value;
  CHECK(info.waits_for.at(0).due == p.clock.wall() + std::chrono::milliseconds(500));
}

TEST_CASE("a run that was asked to end shows since when, and why, until it has ended") {
  parts p;
  auto r = p.start("a");
  p.settle();
  auto info = [&] { return p.calls.describing.describe(a).value.value(); };
  CHECK(info().cancel_requested == stet::time_point{});
  p.pass(std::chrono::minutes(1));
  p->drive.staller.stall(*r, "its code doesn't fit");
  auto asked = to_time_point(p->time.now());
  p->drive.ending.request_cancel(*r, "enough");
  p.pass(std::chrono::minutes(1));
  CHECK(info().status == stet::status::stalled);
  CHECK(info().cancel_requested == asked);
  CHECK(info().cancel_reason == "enough");
  p->drive.ending.terminate(*r, "");
  CHECK(info().cancel_requested == stet::time_point{});
}

TEST_CASE("a call that waits for a change is kept until a record comes, and waits for its commit") {
  parts p;
  auto r = p.start("a");
  p.settle();
  auto& d = p.calls.describing;
  const run_ref target{r->state.run.value(), "default", "a"};
  change_call late(target, r->state.records - 1), waits(target, r->state.records);
  CHECK(d.await_change(late) == r->last_lsn);
  CHECK(!d.await_change(waits));
  CHECK(r->watchers.size() == 1);
  (void)p->commit.commit();
  CHECK(!waits.is_done());
  p->recorder.post_event(*r, event_named(record_kind::signal, "s", bytes_of(1)));
  CHECK(!waits.is_done());
  (void)p->commit.commit();
  CHECK(waits.is_done());
  CHECK(r->watchers.empty());
  change_call end(target, r->state.records), gone({1, "default", "x"}, 1);
  CHECK(!d.await_change(end));
  p->drive.ending.terminate(*r, "");
  CHECK(r->watchers.empty());
  (void)p->commit.commit();
  CHECK(end.is_done());
  CHECK(d.await_change(gone) == everything);
}

TEST_CASE("a step shows its attempt, when the next one comes, and what the last one said") {
  stepping s;
  auto waiting = [&] { return s.p.calls.describing.describe(a).value->waits_for.at(0); };
  CHECK(waiting().kind == stet::wait_kind::step);
  CHECK(waiting().name == "s");
  CHECK(waiting().attempt == 1);
  CHECK(waiting().due == stet::time_point{});
  stet::failure no{"type", "no", {}, 1};
  s.p->advance.timeouts_and_retries.attempt_failed(*s.r, s.step(), s.a(), no,
                                                   stet::errc::step_failed, false);
  CHECK(waiting().last_error == "no");
  CHECK(waiting().due == to_time_point(s.step().due));
}

TEST_CASE("why a run has ended is shown, but a result isn't") {
  parts p;
  auto r = p.start("a"), b = p.start("b");
  p->drive.ending.terminate(*r, "why");
  CHECK(p.calls.describing.describe(a).value->reason == "why");
  auto seven = bytes_of(7);
  p->recorder.append_note(*b, event_named(record_kind::completed, "", seven));
  CHECK(p.calls.describing.describe({0, "default", "b"}).value->reason.empty());
}

TEST_CASE("a history is shown record by record, and what can't be opened says why") {
  auto key = std::make_shared<fragile_transform>();
  parts p(stet::memory::open(), {.transforms = {key}});
  auto r = p.start("a");
  auto seven = bytes_of(7);
  p->recorder.post_event(*r, event_named(record_kind::signal, "s", seven));
  auto shown = p.calls.describing.history(a).value;
  REQUIRE(shown.size() == 2);
  CHECK(shown[0].kind == stet::record_kind::started);
  CHECK(shown[1].kind == stet::record_kind::signal);
  CHECK(shown[1].name == "s");
  CHECK(shown[1].detail == "7");
  key->broken = true;
  CHECK(p.calls.describing.history(a).value[1].detail.find("no key") != std::string::npos);
}

TEST_CASE("a history shows how long a sleep is and until when, and what a run says of itself") {
  parts p;
  auto r = p.start("a");
  p.settle();
  std::string memo;
  stet::encode(memo, std::string("for ann"));
  for (const auto& [flag, bytes] :
       {std::pair<std::uint8_t, std::string>{flag::described::memo, memo},
        {flag::described::details, "waits for ann"}}) {
    auto said = event_named(record_kind::described, "", bytes);
    said.flags = flag;
    p->recorder.append_note(*r, said);
  }
  auto due = p.calls.describing.describe(a).value->waits_for.at(0).due;
  std::vector<std::string> texts;
  for (auto& e : p.calls.describing.history(a).value) {
    if (e.kind == stet::record_kind::sleep)
      CHECK_MESSAGE(e.detail.find("until " + to_text(due)) != std::string::npos, e.detail);
    texts.push_back(e.detail);
  }
  REQUIRE(texts.size() >= 2);
  CHECK(texts[texts.size() - 2] == R"(memo: "for ann")");
  CHECK(texts.back() == "details: waits for ann");
}

TEST_CASE("an exported history is that of the run, its payloads sealed") {
  parts p;
  auto r = p.start("a");
  auto exported = p.calls.describing.export_history(a);
  CHECK(exported.lsn == r->last_lsn);
  auto h = decode_history(exported.value);
  CHECK(h.id == "a");
  CHECK(h.workflow == "sleeper");
  CHECK(h.run == r->state.run);
  CHECK(h.records == p->runs.history.stored(*r));
}
