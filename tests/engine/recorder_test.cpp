// The one place where records of a run are made.
#include "engine/record/recorder.hpp"

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
