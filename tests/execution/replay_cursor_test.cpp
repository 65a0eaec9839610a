// The commands that a run emits: recorded in a drive, compared with the history in a replay.
#include "execution/replay_cursor.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "execution/mailbox.hpp"
#include "execution/patches.hpp"
#include "history/attributes.hpp"

using namespace stet::detail;

namespace {

record step(std::uint32_t number, std::string_view name) {
  record r;
  r.kind = record_kind::step;
  r.command = command_number(number);
  r.name = name;
  return r;
}

/// The records that a drive has made of these steps.
std::string recorded(std::initializer_list<std::string_view> names) {
  replay_cursor e(run_number(7));
  drive_output out;
  e.begin_drive(out);
  std::uint32_t number = 0;
  for (auto name : names) e.emit(step(++number, name));
  e.end();
  return out.records;
}

record signal(std::string_view name, std::string_view key, std::string_view payload) {
  record r;
  r.kind = record_kind::signal;
  r.name = name;
  r.target = key;
  r.payload = payload;
  return r;
}

}  // namespace

TEST_CASE("a replay that emits what was recorded is well, and one that doesn't says where") {
  auto history = recorded({"a", "b"});
  drive_output work;
  replay_cursor same(run_number(7));
  same.begin_replay(history, work);
  same.emit(step(1, "a"));
  same.emit(step(2, "b"));
  CHECK(same.is_well());
  CHECK(same.records() == 2);
  replay_cursor other(run_number(7));
  other.begin_replay(history, work);
  other.emit(step(1, "a"));
  other.emit(step(2, "c"), "pay.cpp");
  CHECK(other.problem().find("another name") != std::string::npos);
  CHECK(other.problem().find("'b'") != std::string::npos);
  CHECK(other.problem().find("'c'") != std::string::npos);
  CHECK(work.records.empty());
}

TEST_CASE("what a difference of details, a memo or attributes says names the call and its line") {
  auto described = [](std::uint8_t what, std::string_view payload) {
    record r;
    r.kind = record_kind::described;
    r.flags = what;
    r.payload = payload;
    return r;
  };
  static constexpr stet::attribute<std::string> Customer{"customer"};
  static constexpr stet::attribute<std::int64_t> State{"state"};
  const auto attributes = pack(stet::attribute_list{State.unset(), Customer("ann")});
  struct {
    record was, is;
    std::string text;
  } cases[] = {
      {step(1, "pay"), described(flag::described::details, "paid"),
       "another kind: the history says step 'pay', today's code says set_details (shop.cpp:7)"},
      {described(flag::described::memo, "\x01"), step(1, "pay"),
       "another kind: the history says set_memo, today's code says step 'pay' (shop.cpp:7) as "
       "command 1"},
      {described(flag::described::details, "paid"),
       described(flag::described::attributes, attributes),
       "another description: the history says set_details, today's code says set_attributes of "
       "'customer', 'state' (shop.cpp:7)"},
      {described(flag::described::attributes, "\xff"), step(1, "pay"),
       "another kind: the history says set_attributes, today's code says step 'pay' (shop.cpp:7) "
       "as command 1"},
  };
  for (auto& c : cases) {
    replay_cursor live(run_number(7)), e(run_number(7)), shorter(run_number(7));
    drive_output out, work;
    live.begin_drive(out);
    live.emit(c.was, "shop.cpp");
    c.is.line = 7;
    e.begin_replay(out.records, work);
    e.emit(c.is, "shop.cpp");
    CHECK(e.problem() == c.text);
    std::string bytes;
    shorter.begin_replay(out.records, work);
    CHECK(!shorter.next_event(bytes));
    CHECK(shorter.problem().find("described") == std::string::npos);
  }
}

TEST_CASE("code that emits more than the history has diverges, and so does one that emits less") {
  auto history = recorded({"a"});
  drive_output work;
  replay_cursor more(run_number(7));
  more.begin_replay(history, work);
  more.emit(step(1, "a"));
  more.emit(step(2, "b"));
  CHECK(more.problem().find("nothing more") != std::string::npos);
  replay_cursor less(run_number(7));
  std::string bytes;
  less.begin_replay(history, work);
  CHECK(!less.next_event(bytes));
  CHECK(less.problem().find("where today's code doesn't") != std::string::npos);
}

TEST_CASE("a replay says whether its history goes on with a command; a drive has none") {
  auto history = recorded({"a"});
  drive_output work;
  replay_cursor e(run_number(7));
  e.begin_drive(work);
  CHECK(!e.has_command_next());
  e.end();
  e.begin_replay(history, work);
  CHECK(e.has_command_next());
  e.emit(step(1, "a"));
  CHECK(!e.has_command_next());
  CHECK(e.is_well());
  replay_cursor damaged(run_number(7));
  damaged.begin_replay("\x05\xff", work);
  CHECK(!damaged.has_command_next());
  CHECK(damaged.problem_kind() == stet::stall_kind::unreadable);
}

TEST_CASE("a replay compares arguments on request only") {
  auto with = [](std::string_view payload) {
    auto r = step(1, "a");
    r.payload = payload;
    return r;
  };
  replay_cursor live(run_number(7));
  drive_output out;
  live.begin_drive(out);
  live.emit(with("\x81\x01"));
  for (auto what : {stet::compared::names, stet::compared::arguments}) {
    drive_output work;
    replay_cursor e(run_number(7));
    e.compare = what;
    e.begin_replay(out.records, work);
    e.emit(with("\x81\x02"));
    CHECK(e.is_well() == (what == stet::compared::names));
    if (!e.is_well()) CHECK(e.problem().find("another argument 1: ") == 0);
  }
}

TEST_CASE("a replay compares everything from the record on that this program has emitted") {
  auto with = [](std::uint32_t number, std::string_view payload) {
    auto r = step(number, "a");
    r.payload = payload;
    return r;
  };
  drive_output out;
  replay_cursor before(run_number(7));
  before.begin_drive(out);
  before.emit(with(1, "\x81\x01"));
  before.end();
  drive_output work;
  replay_cursor now(run_number(7));
  now.begin_replay(out.records, work);
  now.emit(with(1, "\x81\x02"));  // today's arguments
  now.end();
  REQUIRE(now.is_well());
  CHECK(now.replayed == 1);
  now.begin_drive(out);
  now.emit(with(2, "\x81\x03"));
  now.end();
  CHECK(now.replayed == 1);
  for (std::string_view second : {"\x81\x03", "\x81\x04"}) {
    replay_cursor shadow(run_number(7));
    shadow.everything_after = now.replayed;
    shadow.begin_replay(out.records, work);
    shadow.emit(with(1, "\x81\x02"));
    CHECK(shadow.is_well());
    shadow.emit(with(2, second));
    CHECK(shadow.is_well() == (second == "\x81\x03"));
  }
}

TEST_CASE("after something went wrong nothing is emitted") {
  replay_cursor e(run_number(7));
  drive_output out;
  e.begin_drive(out);
  e.reject("no");
  e.emit(step(1, "a"));
  CHECK(out.records.empty());
  e.starve();
  CHECK(e.starved());
  CHECK(!e.is_well());
}

TEST_CASE("undriven events of a history are queued, and drive where it says so") {
  std::string history;
  auto s = signal("s", "key", "1");
  s.flags = flag::event::undriven;
  encode(history, s);
  record driven;
  driven.kind = record_kind::driven;
  driven.time = engine_time(42);
  encode(history, driven);
  drive_output work;
  replay_cursor e(run_number(7));
  e.begin_replay(history, work);
  std::string bytes;
  auto event = e.next_event(bytes);
  REQUIRE(event);
  CHECK(event->kind == record_kind::signal);
  CHECK(event->time == engine_time(42));
  CHECK(e.queued().empty());
  CHECK(!e.next_event(bytes));
  CHECK(e.is_well());
}

TEST_CASE("signals are read by their names, in their order, and their keys stay known") {
  mailbox m;
  m.add(signal("a", "k1", "1"));
  m.add(signal("b", "", "2"));
  m.add(signal("a", "", "3"));
  std::string payload;
  CHECK(!m.take("c", payload, false));
  REQUIRE(m.take("a", payload, false));
  CHECK(payload == "1");
  CHECK(m.knows("k1"));
  std::vector<std::string> unread;
  m.add_unread(run_number(7), unread);
  CHECK(unread.size() == 2);
  REQUIRE(m.take("a", payload, false));
  CHECK(payload == "3");
  CHECK(!m.take("a", payload, false));
}

TEST_CASE("a patch is taken by new runs, and by old ones where its marker stands") {
  drive_output out;
  replay_cursor live(run_number(7));
  live.begin_drive(out);
  patches now(live);
  CHECK(now.is_patched("p", 1));
  CHECK(now.is_patched("p", 1));  // the same answer, and one marker
  auto marked = out.records;
  replay_cursor again(run_number(7));
  drive_output work;
  again.begin_replay(marked, work);
  patches replayed(again);
  CHECK(replayed.is_patched("p", 1));
  CHECK(again.is_well());
  replay_cursor old(run_number(7));
  std::string nothing;
  old.begin_replay(nothing, work);
  patches before(old);
  CHECK(!before.is_patched("p", 1));
  CHECK(!before.knows("p"));
}
