// From the contents of a store to runs that go on.
#include "engine/loop/recovery.hpp"

#include "engine/loop/turns.hpp"
#include "stepping.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace stet_tests;

namespace {

/// A store that isn't closed with the engine that uses it. With a path its crash slots stay, too.
class lasting_store final : public stet::store {
 public:
  lasting_store(std::shared_ptr<stet::store> s, std::string path)
      : below_(std::move(s)), path_(std::move(path)) {}
  std::optional<std::string> get(std::string_view key) override { return below_->get(key); }
  void scan(const stet::scan_range& r, stet::visitor& v) override { below_->scan(r, v); }
  void commit(const stet::batch& b, stet::durability d) override { below_->commit(b, d); }
  void close() override {}
  stet::store_info info() const override {
    auto i = below_->info();
    i.path = path_;
    return i;
  }

 private:
  std::shared_ptr<stet::store> below_;
  std::string path_;
};

/// Several lives over the same store, one after the other. Each ends like a crash.
struct world {
  template <class F> void live(F f) {
    parts p(std::make_unique<lasting_store>(store, path));
    p.define("steps", &one_plain_step);
    f(p);
    while (p->commit.commit()) {}
  }
  template <class F> void recover(F f) {
    engine_parts next(std::make_unique<lasting_store>(store, path),
                      {.threads = 0, .clock = &clock, .listener = &heard});
    for (auto [name, body] : {std::pair{"sleeper", &sleep_a_day}, {"steps", &one_plain_step}})
      next.services.definitions.add(name, "",
                                    std::make_unique<definition_of<decltype(body), int>>(body));
    loop_thread::as_loop here(next.thread);
    recovery r(next);
    r.recover();
    f(next);
    while (next.commit.commit()) {}
    calls_room calls(next);
    turns(next, calls).discard_attempts();
  }
  void put(std::string key, std::string value) {
    stet::batch b;
    b.put(std::move(key), std::move(value));
    store->commit(b, stet::durability::sync);
  }
  std::shared_ptr<stet::store> store = stet::memory::open();
  std::string path;
  stet::testing::virtual_clock clock;
  stet::testing::recorder heard;
};

}  // namespace

TEST_CASE("a run that only the journal has is as it was, and goes on when it is due") {
  world w;
  std::uint64_t records = 0;
  engine_time due;
  w.live([&](parts& p) {
    auto r = p.start("a");
    p.settle();
    records = r->state.records;
    due = r->state.find(command_number(1))->due;
  });
  w.recover([&](engine_parts& e) {
    auto r = e.runs.finder.must_find({0, "default", "a"});
    CHECK(r->state.records == records);
    CHECK(!r->revived);
    CHECK(e.time.timers.next_due() == due);
    CHECK(e.runs.agenda.empty());
  });
}

TEST_CASE("a record that the snapshot has already isn't folded twice") {
  world w;
  run_number run;
  std::uint64_t records = 0;
  w.live([&](parts& p) {
    auto r = p.start("a");
    run = r->state.run;
    p.settle();
    p->commit.checkpointer.slice(*r);
    while (p->commit.commit()) {}
    p->recorder.post_event(*r, event_named(record_kind::signal, "s"));
    records = r->state.records;
  });
  w.recover([&](engine_parts& e) {
    auto r = e.runs.table.load(run);
    CHECK(r->state.records == records);
    CHECK(r->state.undriven == 1);
    std::size_t n = 0;
    e.runs.history.for_each(*r, [&](const record&) { ++n; });
    CHECK(n == records);
  });
}

TEST_CASE("what was ready is driven first: it is on the agenda") {
  world w;
  w.live([&](parts& p) {
    (void)p.start("a");
    (void)p.start("b");
  });
  w.recover([&](engine_parts& e) {
    CHECK(e.runs.agenda.size() == 2);
    auto first = e.runs.agenda.take();
    CHECK(first < e.runs.agenda.take());
  });
}

TEST_CASE("a run that was erased doesn't come back") {
  world w;
  run_number run;
  w.live([&](parts& p) {
    auto r = p.start("a");
    run = r->state.run;
    while (p->commit.commit()) {}
    p->drive.ending.terminate(*r, "");
    CHECK(p.calls.eraser.erase_run(*r));
  });
  w.recover([&](engine_parts& e) {
    CHECK(!e.runs.table.exists(run));
    CHECK(!e.runs.table.latest("default", "a"));
  });
}

TEST_CASE("records of a run that can't be read are put aside, and count when it can be") {
  world w;
  run_number run;
  std::uint64_t records = 0;
  std::string whole;
  w.live([&](parts& p) {
    auto r = p.start("a");
    run = r->state.run;
    p.settle();
    p->commit.checkpointer.slice(*r);
    (void)p->journal.begin_pass(0);  // its start is no longer in the journal
    p->journal.end_pass();
    while (p->commit.commit()) {}
    p->recorder.post_event(*r, event_named(record_kind::signal, "s"));
    records = r->state.records;
  });
  whole = w.store->get(keys::snapshot(run)).value_or("");
  REQUIRE(!whole.empty());
  w.put(keys::snapshot(run), "nonsense");
  w.recover([&](engine_parts& e) { CHECK(!e.runs.table.load(run)); });
  CHECK(w.heard.heard("1 records of it are put aside"));
  CHECK(read_aside(*w.store, [](const std::string&) {})[run].size() == 1);
  w.put(keys::snapshot(run), whole);
  w.recover([&](engine_parts& e) {
    auto r = e.runs.table.load(run);
    REQUIRE(r);
    CHECK(r->state.records == records);
  });
}

TEST_CASE("a step that died alone is suspected at once, and its next death alone is counted") {
  temporary_directory directory;
  world w;
  w.path = directory / "s";
  run_number run;
  w.live([&](parts& p) {
    auto r = p.start("a", "steps");
    run = r->state.run;
    REQUIRE(p->drive.frames.ensure_frame(*r));
    p->drive.driver.drive_what_is_there(*r);
    (void)p->services.crash_slots.open(w.path + ".slots");
    p->services.crash_slots.enter({.run = run, .command = command_number(1), .attempt = 1});
  });
  w.recover([&](engine_parts& e) {
    CHECK(e.runs.suspects.of({run, command_number(1)}) == trial::alone);
    auto r = e.runs.table.load(run);
    CHECK(r->state.find(command_number(1))->crashes == 0);
    e.services.crash_slots.enter(
        {.run = run, .command = command_number(1), .attempt = 2, .tried = trial::alone});
  });
  w.recover([&](engine_parts& e) {
    CHECK(e.runs.suspects.of({run, command_number(1)}) == trial::alone);
    auto r = e.runs.table.load(run);
    CHECK(r->state.find(command_number(1))->crashes == 1);
  });
}

TEST_CASE("a recovery that is forgotten has read nothing") {
  world w;
  w.live([&](parts& p) { (void)p.start("a"); });
  engine_parts next(std::make_unique<lasting_store>(w.store, ""),
                    {.threads = 0, .clock = &w.clock, .listener = &w.heard});
  loop_thread::as_loop here(next.thread);
  recovery r(next);
  r.read_only();
  CHECK(next.runs.table.all().size() == 1);
  CHECK(!next.journal.opened().is_owned);
  r.forget();
  CHECK(next.runs.table.all().empty());
  CHECK(next.journal.extra_writes().empty());
}

TEST_CASE("a start may be tried again where the store had no room for its mark, and else not") {
  engine_parts e(stet::memory::open(), {.threads = 0});
  recovery r(e);
  auto says = [&](stet::errc code, stet::commit_outcome o) {
    return r.may_try_again(
        std::make_exception_ptr(stet::store_error(code, "commit", "", 0, "x", o)));
  };
  CHECK(says(stet::errc::full, stet::commit_outcome::refused));
  CHECK(says(stet::errc::busy, stet::commit_outcome::refused));
  CHECK(!says(stet::errc::full, stet::commit_outcome::unknown));
  CHECK(!says(stet::errc::conflict, stet::commit_outcome::refused));
  CHECK(!r.may_try_again(std::make_exception_ptr(std::runtime_error("x"))));
  e.journal.open([](const record&, std::string_view, record_lsn) {});
  CHECK(!says(stet::errc::full, stet::commit_outcome::refused));
}
