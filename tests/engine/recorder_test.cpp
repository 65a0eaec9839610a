// The one place where records of a run are made.
#include "engine/record/recorder.hpp"

#include "history/make.hpp"
#include "parts.hpp"

using namespace stet_tests;

namespace {

record signal_of(std::string_view name, std::string_view payload) {
  record e;
  e.kind = record_kind::signal;
  e.name = name;
  e.payload = payload;
  return e;
}

/// A transform that can't seal: it throws.
class broken_transform final : public stet::payload_transform {
 public:
  std::string_view name() const noexcept override { return "broken"; }
  std::optional<std::string> seal(std::string_view, const stet::payload_place&) override {
    throw std::runtime_error("no key");
  }
  std::string open(std::string_view, const stet::payload_place&, std::size_t) override {
    return {};
  }
};

}  // namespace

TEST_CASE("what is recorded is in the run's state, in the block that fills, and on the agenda") {
  parts p;
  auto r = p.start("a");
  auto lsn = p->journal.last_lsn();
  CHECK(r->state.records == 1);
  CHECK(r->last_lsn == lsn);
  p->recorder.post_event(*r, signal_of("s", "1"));
  CHECK(p->journal.last_lsn() == lsn + 1);
  CHECK(r->last_lsn == lsn + 1);
  CHECK(r->state.records == 2);
  CHECK(r->state.undriven == 2);
  CHECK(r->dirty_since == lsn);
  CHECK(p->runs.agenda.size() == 1);  // once, however many events come
}

TEST_CASE("what can't be sealed is not recorded") {
  parts p(stet::memory::open(), {.transforms = {std::make_shared<broken_transform>()}});
  CHECK_THROWS_AS((void)p.start("a"), users_exception);
  CHECK(!p->journal.last_lsn());
  CHECK(p->runs.table.all().empty());
  CHECK(!p->runs.table.latest("default", "a"));
}

TEST_CASE("what must be recorded in any case is recorded without the text that can't be sealed") {
  parts p;
  auto r = p.start("a");
  record n;
  n.kind = record_kind::stalled;
  n.name = "why";
  int tries = 0;
  p->recorder.surely(n, [&](const record& e) {
    if (++tries == 1) throw users_exception(std::make_exception_ptr(std::runtime_error("no key")));
    CHECK(e.name.empty());
    p->recorder.append_note(*r, e);
  });
  CHECK(tries == 2);
  CHECK(r->state.stalled);
  CHECK(p.heard.heard("no key; it is recorded without it"));
}

TEST_CASE("the state after records is told without recording them") {
  parts p;
  auto r = p.start("a");
  record n;
  n.kind = record_kind::stalled;
  n.run = r->state.run;
  n.name = "why";
  std::string bytes;
  encode(bytes, n);
  auto after = p->recorder.state_after(r->state, bytes);
  CHECK(after.stalled);
  CHECK(after.records == 2);
  CHECK(!r->state.stalled);
  CHECK(p->journal.last_lsn() == record_lsn(1));
}

TEST_CASE("a record that is given with its bytes changes a run as its bytes do") {
  parts p;
  run_lease runs[] = {p.start("a"), p.start("b")};
  auto record_in_both = [&](record first, const record* second = nullptr) {
    for (auto& r : runs) {
      first.time = p->time.now();
      first.run = r->state.run;
      std::string bytes;
      encode(bytes, first);
      if (second) encode(bytes, *second, r->state.run);
      p->recorder.record_sealed(*r, bytes, {}, &r == &runs[0] ? &first : nullptr);
    }
  };
  auto step = [](std::uint32_t number) {
    record c = make(record_kind::step, command_number(number));
    c.name = "charge";
    return c;
  };
  record_in_both(step(1));
  p.pass(std::chrono::seconds(1));
  auto second = step(2);
  record_in_both(events::step_done(command_number(1), 1, "x"), &second);
  record_in_both(signal_of("s", "1"));
  record_in_both(events::update("u", "1", "x", 0));
  record_in_both(events::cancel_requested("why"));
  p.pass(std::chrono::seconds(1));
  record_in_both(notes::driven(p->time.now()));
  auto failed = events::step_failed(command_number(2), 1, stet::errc::step_failed, "t", "no");
  failed.flags = flag::step_failed::waits;
  record_in_both(failed);
  auto& a = runs[0]->state;
  auto& b = runs[1]->state;
  CHECK(a.records == b.records);
  CHECK(a.now == b.now);
  CHECK(a.unread == b.unread);
  CHECK(a.open_updates == b.open_updates);
  CHECK(a.cancel_requested);
  CHECK(b.cancel_requested);
  CHECK(a.undriven == b.undriven);
  REQUIRE(a.waits_for.size() == 1);
  REQUIRE(b.waits_for.size() == 1);
  CHECK(a.find(command_number(2))->at == pending::phase::ending);
  CHECK(b.find(command_number(2))->at == pending::phase::ending);
  CHECK(runs[0]->unsaved.size() == runs[1]->unsaved.size());
}

TEST_CASE("the end of a run makes its children orphans, but those that are abandoned") {
  parts p;
  auto r = p.start("parent");
  auto child = [&](std::uint32_t number, std::uint8_t flags) {
    record c;
    c.kind = record_kind::child;
    c.run = r->state.run;
    c.command = command_number(number);
    c.related = run_number(100 + number);
    c.name = "sleeper";
    c.flags = flags;
    std::string bytes, id = "child-" + std::to_string(number);
    c.target = id;
    encode(bytes, c);
    p->recorder.record_sealed(*r, bytes);
  };
  child(1, 0);
  child(2, flag::child::asks_to_end);
  child(3, flag::child::abandons);
  CHECK(p->recorder.orphans.empty());
  record end;
  end.kind = record_kind::terminated;
  end.name = "because";
  p->recorder.append_note(*r, end);
  REQUIRE(p->recorder.orphans.size() == 2);
  CHECK(p->recorder.orphans[0].run == run_number(101));
  CHECK(p->recorder.orphans[0].ends);
  CHECK(p->recorder.orphans[1].run == run_number(102));
  CHECK(!p->recorder.orphans[1].ends);
  p->recorder.orphans.clear();
}
