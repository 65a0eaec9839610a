// Crash slots, and the suspects that they show.
#include "engine/services/suspects.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "engine/services/crash_slots.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace stet::detail;
using stet_tests::temporary_directory;

namespace {

occupant handles(run_number run, record_kind event, command_number command, std::uint64_t records) {
  record e;
  e.kind = event;
  e.command = command;
  occupant who;
  who.run = run;
  who.use = use_of(e);
  who.records = records;
  return who;
}

}  // namespace

TEST_CASE(
    "a slot that is taken at the death of a process says who was there, and how it was tried") {
  temporary_directory directory;
  auto path = directory / "store.slots";
  {
    crash_slots s;
    CHECK(s.open(path).empty());
    auto gone = s.enter({.run = run_number(1), .command = command_number(2)});
    s.enter(
        {.run = run_number(3), .command = command_number(4), .attempt = 5, .tried = trial::alone});
    s.enter_pending(
        {.run = run_number(6), .command = command_number(7), .attempt = 8, .tried = trial::beside});
    auto acquitted = s.enter_pending(
        {.run = run_number(9), .command = command_number(10), .tried = trial::alone});
    auto code = handles(run_number(11), record_kind::timer_fired, command_number(12), 13);
    code.id = 14;
    s.enter(code);
    s.leave(gone);
    s.clear_suspect(acquitted);
    s.clear_suspect(-1);
    s.leave(-1);
  }
  crash_slots s;
  auto found = s.open(path);
  REQUIRE(found.size() == 4);
  auto of = [&](run_number run) {
    return *std::find_if(found.begin(), found.end(), [&](auto& o) { return o.run == run; });
  };
  CHECK(of(run_number(3)).tried == trial::alone);
  CHECK(of(run_number(3)).attempt == 5);
  CHECK(of(run_number(6)).tried == trial::beside);
  CHECK(of(run_number(9)).tried == trial::none);
  CHECK(of(run_number(11)).use ==
        handles(run_number(11), record_kind::timer_fired, command_number(12), 0).use);
  CHECK(of(run_number(11)).records == 13);
  CHECK(of(run_number(11)).id == 14);
  crash_slots after;
  CHECK(after.open(path).empty());
}

TEST_CASE("slots for pending steps run out without taking those of threads") {
  temporary_directory directory;
  crash_slots s;
  (void)s.open(directory / "store.slots");
  std::vector<int> pending;
  pending.reserve(1000);
  for (int i = 0; i < 1000; ++i)
    pending.push_back(s.enter_pending({.run = run_number(1), .command = command_number(2)}));
  CHECK(std::count(pending.begin(), pending.end(), -1) == 1000 - 256);
  auto thread = s.enter({.run = run_number(3), .command = command_number(4)});
  CHECK(thread >= 0);
  for (int slot : pending) s.leave(slot);
  CHECK(s.enter_pending({.run = run_number(5), .command = command_number(6)}) >= 0);
}

TEST_CASE("a run's code is suspected of one event, until it has come through that") {
  suspects s;
  auto died = handles(run_number(1), record_kind::timer_fired, command_number(7), 20);
  s.add_code(died);
  CHECK(s.is_suspected(handles(run_number(1), record_kind::timer_fired, command_number(7), 22)));
  CHECK(!s.is_suspected(handles(run_number(1), record_kind::timer_fired, command_number(8), 22)));
  CHECK(!s.is_suspected(handles(run_number(1), record_kind::step_done, command_number(7), 22)));
  CHECK(!s.is_suspected(handles(run_number(2), record_kind::timer_fired, command_number(7), 22)));
  s.came_through(handles(run_number(1), record_kind::step_done, command_number(6), 21));
  s.came_through({.run = run_number(1), .use = {code_use::replays}, .records = 21});
  s.came_through(handles(run_number(1), record_kind::timer_fired, command_number(7),
                         19));  // another, before the one that killed
  CHECK(s.has_code_of(run_number(1)));
  s.came_through(handles(run_number(1), record_kind::timer_fired, command_number(7), 20));
  CHECK(!s.has_code_of(run_number(1)));
}

TEST_CASE("messages are told apart by their name and their content") {
  auto message = [](std::string_view name, std::string_view payload) {
    record e;
    e.kind = record_kind::signal;
    e.name = name;
    e.payload = payload;
    return use_of(e);
  };
  CHECK(message("go", "1") == message("go", "1"));
  CHECK(message("go", "1") != message("go", "2"));
  CHECK(message("go", "1") != message("stop", "1"));
}

TEST_CASE("a step is tried as its latest suspicion says") {
  suspects s;
  CHECK(s.of({run_number(1), command_number(2)}) == trial::none);
  s.add({run_number(1), command_number(2)}, trial::beside);
  CHECK(s.of({run_number(1), command_number(2)}) == trial::beside);
  s.add({run_number(1), command_number(2)}, trial::alone);
  CHECK(s.of({run_number(1), command_number(2)}) == trial::alone);
  CHECK(s.of({run_number(1), command_number(3)}) == trial::none);
  s.clear_suspect({run_number(1), command_number(2)});
  CHECK(s.of({run_number(1), command_number(2)}) == trial::none);
}
