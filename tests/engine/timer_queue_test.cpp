// The times at which runs are to be checked: which ones may be forgotten, and which a run's state
// adds.
#include "engine/time/timer_queue.hpp"

#include <doctest/doctest.h>

#include <stet/test_doubles.hpp>

using namespace stet::detail;

namespace {

constexpr engine_time at_start(1'800'000'000'000);

struct fixture {
  explicit fixture(engine_time loaded_until) {
    clock.start(std::nullopt, {}, {record_lsn(1), run_number(1)});
    timers.set_loaded_until(loaded_until);
  }
  stet::testing::virtual_clock world{to_time_point(at_start)};
  engine_clock clock{world};
  due_times due{clock};
  timer_queue timers{clock, due};
};

run_state open_run() {
  run_state s;
  s.run = s.first = run_number(7);
  s.started = at_start;
  return s;
}

pending sleep_until(engine_time due) {
  pending p;
  p.command = command_number(1);
  p.kind = wait_kind::sleep;
  p.due = due;
  p.due_since = at_start;
  p.lsn = record_lsn(1);
  return p;
}

}  // namespace

TEST_CASE("a purge keeps what no index has, and what the index has said") {
  fixture f(engine_time(10));
  auto& t = f.timers;
  constexpr int count = 200'000;
  for (int run = 1; run <= count; ++run) t.add(engine_time(run), run_number(run), run % 1000 == 0);
  REQUIRE(t.wants_purge());
  t.purge([](run_number run) { return run == run_number(77); });
  CHECK(t.size() == 10 + 1 + count / 1000);
  CHECK(!t.wants_purge());
  int found = 0;
  while (auto run = t.pop_due(engine_time(count))) {
    auto number = run->run.value();
    CHECK((number <= 10 || number == 77 || number % 1000 == 0));
    ++found;
  }
  CHECK(found == 10 + 1 + count / 1000);
}

TEST_CASE("a queue of which nothing may be forgotten isn't purged at every turn") {
  fixture f(engine_time{});
  auto& t = f.timers;
  for (int run = 1; run <= 200'000; ++run) t.add(engine_time(run), run_number(run), true);
  REQUIRE(t.wants_purge());
  t.purge([](run_number) { return false; });
  CHECK(t.size() == 200'000);
  CHECK(!t.wants_purge());
}

TEST_CASE("a hint that is given again exists once, and stays if one of them has to") {
  fixture f(engine_time{});
  auto& t = f.timers;
  for (int i = 0; i < 1000; ++i) t.add(engine_time(5), run_number(7), i == 500);
  CHECK(t.size() == 1);
  t.purge([](run_number) { return false; });
  CHECK(t.size() == 1);
  CHECK(!t.pop_due(engine_time(4)));
  CHECK(t.pop_due(engine_time(5))->run == run_number(7));
  CHECK(t.size() == 0);
}

TEST_CASE("the next time is the earlier one of what is here and what the index still has") {
  fixture f(engine_time(1000));
  f.timers.add(engine_time(500), run_number(1));
  CHECK(f.timers.next_time() == engine_time(500));
  CHECK(f.timers.pop_due(engine_time(500))->run == run_number(1));
  CHECK(f.timers.next_time() == engine_time(1000));
  f.timers.set_loaded_until(engine_time::never());
  CHECK(f.timers.next_time() == engine_time::never());
  CHECK(f.timers.has_whole_index());
  CHECK(!f.timers.wants_load());
}

TEST_CASE("the index is loaded when its next part may be due, and not before") {
  fixture f(at_start + 1000);
  CHECK(!f.timers.wants_load());
  f.timers.add(at_start + 500, run_number(1));  // this time is earlier
  f.world.advance(stet::duration(2000));
  f.clock.tick({record_lsn(1), run_number(1)});
  CHECK(!f.timers.wants_load());
  CHECK(f.timers.pop_due(f.clock.past())->run == run_number(1));
  CHECK(f.timers.wants_load());
}

TEST_CASE("a run puts in its deadline and what it waits for; one that has ended puts in nothing") {
  fixture f(engine_time::never());
  auto s = open_run();
  s.deadline = at_start + 9000;
  s.waits_for.add(command_number(1), sleep_until(at_start + 2000));
  f.timers.add_all(s);
  CHECK(f.timers.size() == 2);
  CHECK(f.timers.next_due() == at_start + 2000);
  s.status = stet::status::completed;
  fixture g(engine_time::never());
  g.timers.add_all(s);
  CHECK(g.timers.size() == 0);
}

TEST_CASE("a stalled run is looked at for its deadline only, and not for what is over") {
  fixture f(engine_time::never());
  auto s = open_run();
  s.stalled = true;
  s.deadline = at_start + 9000;
  s.waits_for.add(command_number(1), sleep_until(at_start + 2000));
  f.timers.look_again(s);
  CHECK(f.timers.size() == 1);
  CHECK(f.timers.next_due() == at_start + 9000);
  f.world.advance(stet::duration(10'000));
  f.clock.tick({record_lsn(1), run_number(1)});
  fixture g(engine_time::never());
  g.world.advance(stet::duration(10'000));
  g.clock.tick({record_lsn(1), run_number(1)});
  g.timers.look_again(s);
  CHECK(g.timers.size() == 0);
}

TEST_CASE("each thing that a run waits for has one time, the latest that it was given") {
  fixture f(engine_time::never());
  auto& t = f.timers;
  const timer_owner sleep(command_number(3)), attempt(command_number(3), 1);
  t.add(engine_time(10), run_number(1), sleep);
  t.add(engine_time(10), run_number(1), sleep, true);
  t.add(engine_time(20), run_number(1), attempt);
  CHECK(t.size() == 2);
  t.add(engine_time(30), run_number(1), sleep);
  CHECK(t.size() == 2);
  CHECK(!t.pop_due(engine_time(19)));
  auto first = t.pop_due(engine_time(20));
  REQUIRE(first);
  CHECK(first->what == attempt);
  auto second = t.pop_due(engine_time(30));
  REQUIRE(second);
  CHECK(second->what == sleep);
  CHECK(second->what.command() == command_number(3));
  CHECK(t.size() == 0);
}

TEST_CASE(
    "a wait that is over leaves no time, and a run that has ended only those of its attempts") {
  fixture f(engine_time::never());
  auto& t = f.timers;
  const timer_owner sleep(command_number(1)), other(command_number(2)),
      attempt(command_number(3), 2);
  for (std::uint64_t run : {1u, 2u}) {
    t.add(engine_time(5), run_number(run));
    t.add(engine_time(9), run_number(run));
    t.add(engine_time(5), run_number(run), sleep);
    t.add(engine_time(6), run_number(run), other);
    t.add(engine_time(7), run_number(run), attempt);
  }
  t.remove(run_number(1), sleep);
  t.remove(run_number(1), sleep);
  t.remove(run_number(3), sleep);
  CHECK(t.size() == 9);
  t.forget(run_number(1));
  CHECK(t.size() == 6);
  t.remove(run_number(1), attempt);
  CHECK(t.size() == 5);
  t.forget(run_number(2));
  CHECK(t.size() == 1);
  CHECK(t.next_due() == engine_time(7));
}
