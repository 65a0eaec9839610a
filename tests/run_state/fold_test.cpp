#include <set>

#include "run_state/run_state.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/sample_records.hpp"

using namespace stet::detail;
using namespace stet_tests;

namespace {

std::string bytes_of(const run_state& s) {
  std::string out;
  encode(out, s);
  return out;
}

/// Folds the first `count` records; their LSNs begin at `lsn`.
run_state fold(const std::vector<recorded_record>& records, std::size_t count) {
  run_state s;
  for (std::size_t i = 0; i < count; ++i) apply(s, records[i].record, record_lsn(i + 1));
  return s;
}

void check_invariants(const run_state& s) {
  std::set<command_number> commands;
  for (auto& p : s.waits_for) {
    CHECK((commands.empty() || *commands.rbegin() < p.command));
    commands.insert(p.command);
  }
  if (!s.open()) {
    CHECK(s.waits_for.empty());
    CHECK(s.undriven == 0);
    CHECK(wake_of(s) == run_state::no_wake);
  }
}

record simple(record_kind k, std::uint32_t command = 0) {
  record r;
  r.kind = k;
  r.run = run_number(1);
  r.command = command_number(command);
  return r;
}

}  // namespace

TEST_CASE("what was recorded holds all that these tests need") {
  std::set<record_kind> kinds;
  std::set<stet::status> ends;
  for (auto& run : recorded_runs()) {
    ends.insert(run.state.status);
    for (auto& r : split(run.history)) kinds.insert(r.record.kind);
  }
  CHECK(recorded_runs().size() >= 20);
  CHECK(ends.size() == 7);  // all ends; stalled isn't kept as one
  for (auto kind : all_kinds) {
    bool rare = kind == record_kind::body_returned || kind == record_kind::not_started ||
                kind == record_kind::stalled || kind == record_kind::resumed ||
                kind == record_kind::suspect || kind == record_kind::written;
    CHECK_MESSAGE((rare || kinds.contains(kind)), std::string(to_text(kind)));
  }
}

TEST_CASE("the fold of a whole history is what the engine kept") {
  for (auto& run : recorded_runs()) {
    auto records = split(run.history);
    auto s = fold(records, records.size());
    CHECK(s.records == run.state.records);
    CHECK(s.status == run.state.status);
    CHECK(s.outcome == run.state.outcome);
    CHECK(s.now == run.state.now);
    CHECK(s.waits_for.size() == run.state.waits_for.size());
    CHECK(wake_of(s) == wake_of(run.state));
  }
}

TEST_CASE("every prefix of a history folds, keeps the invariants, and survives its snapshot") {
  for (auto& run : recorded_runs()) {
    auto records = split(run.history);
    for (std::size_t n = 1; n <= records.size(); ++n) {
      auto s = fold(records, n);
      check_invariants(s);
      auto again = decode_run_state(bytes_of(s));
      CHECK(bytes_of(again) == bytes_of(s));
      for (auto i = n; i < records.size(); ++i) apply(again, records[i].record, record_lsn(i + 1));
      CHECK(bytes_of(again) == bytes_of(fold(records, records.size())));
    }
  }
}

TEST_CASE("whenever nothing drives, an open run has something that will wake it [I10]") {
  for (auto& run : recorded_runs()) {
    auto records = split(run.history);
    for (std::size_t n = 1; n <= records.size(); ++n) {
      if (n < records.size() && is_command(records[n].record.kind))
        continue;  // in the middle of a drive
      auto s = fold(records, n);
      CHECK((!s.open() || s.stalled || s.undriven > 0 || !s.waits_for.empty()));
    }
  }
}

TEST_CASE("time never falls, whatever the clock said") {
  for (auto& run : recorded_runs()) {
    auto last = engine_time::before_all();
    run_state s;
    record_lsn lsn;
    for (auto& r : split(run.history)) {
      auto shifted = r.record;
      if (lsn.value() % 2) shifted.time = shifted.time - 10'000'000;
      apply(s, shifted, ++lsn);
      CHECK(s.now >= last);
      last = s.now;
    }
  }
}

TEST_CASE("what comes after the end changes nothing but the count [I9]") {
  for (auto& run : recorded_runs()) {
    if (run.state.open()) continue;
    auto records = split(run.history);
    auto s = fold(records, records.size());
    for (auto kind : all_kinds) {
      if (kind == record_kind::started) continue;
      apply(s, simple(kind, 1), s.applied_lsn + 1);
      CHECK(s.status == run.state.status);
      CHECK(s.outcome == run.state.outcome);
      CHECK(s.waits_for.empty());
    }
  }
}

TEST_CASE("records that can't follow are refused: no start, two starts, an answer to nothing") {
  run_state s;
  CHECK_THROWS_AS(apply(s, simple(record_kind::sleep, 1), record_lsn(1)), malformed);
  apply(s, simple(record_kind::started), record_lsn(1));
  CHECK_THROWS_AS(apply(s, simple(record_kind::started), record_lsn(2)), malformed);
  for (auto kind :
       {record_kind::written, record_kind::step_done, record_kind::step_failed,
        record_kind::timer_fired, record_kind::child_done, record_kind::child_failed,
        record_kind::body_returned, record_kind::cancelled, record_kind::attempt,
        record_kind::retry, record_kind::not_started, record_kind::progress, record_kind::driven})
    CHECK_THROWS_AS(apply(s, simple(kind, 7), record_lsn(2)), malformed);
}

TEST_CASE("an answer of another kind than its command is refused [S134]") {
  constexpr record_kind commands[] = {record_kind::step, record_kind::sleep, record_kind::child};
  constexpr record_kind answers[] = {record_kind::step_done,    record_kind::step_failed,
                                     record_kind::timer_fired,  record_kind::child_done,
                                     record_kind::child_failed, record_kind::body_returned};
  for (auto command : commands)
    for (auto answer : answers) {
      run_state s;
      apply(s, simple(record_kind::started), record_lsn(1));
      apply(s, simple(command, 1), record_lsn(2));
      if (answered_by(answer) == command) apply(s, simple(answer, 1), record_lsn(3));
      else CHECK_THROWS_AS(apply(s, simple(answer, 1), record_lsn(3)), malformed);
    }
}

TEST_CASE("a command that isn't new is refused") {
  run_state s;
  apply(s, simple(record_kind::started), record_lsn(1));
  apply(s, simple(record_kind::sleep, 5), record_lsn(2));
  CHECK_THROWS_AS(apply(s, simple(record_kind::sleep, 5), record_lsn(3)), malformed);
  CHECK_THROWS_AS(apply(s, simple(record_kind::sleep, 4), record_lsn(3)), malformed);
}

TEST_CASE("a command may be given up whose answer is there and has not been seen") {
  run_state s;
  apply(s, simple(record_kind::started), record_lsn(1));
  apply(s, simple(record_kind::sleep, 1), record_lsn(2));
  auto cancel = simple(record_kind::cancel_requested), fired = simple(record_kind::timer_fired, 1);
  cancel.flags = fired.flags = flag::event::undriven;
  apply(s, cancel, record_lsn(3));
  apply(s, fired, record_lsn(4));
  CHECK(s.undriven == 2);
  apply(s, simple(record_kind::driven), record_lsn(5));
  apply(s, simple(record_kind::cancelled, 1), record_lsn(6));
  apply(s, simple(record_kind::ended_cancelled), record_lsn(7));
  CHECK(s.status == stet::status::cancelled);
}

TEST_CASE("records in any order are folded or refused, and nothing else happens") {
  STET_SAYS_SEED();
  random_source random;
  record_maker maker(random);
  for (int i = 0; i < 300; ++i) {
    run_state s;
    record_lsn lsn;
    apply(s, maker.make(record_kind::started), ++lsn);
    for (int n = 0; n < 60; ++n) {
      auto r = maker.make(all_kinds[random.below(std::size(all_kinds))]);
      r.command = command_number(static_cast<std::uint32_t>(random.below(8)));
      try {
        apply(s, r, ++lsn);
      } catch (const malformed&) { break; }
      check_invariants(s);
    }
  }
}

TEST_CASE(
    "when a run must be looked at: at the start for what may have been cut short, else at its "
    "first timer") {
  run_state s;
  apply(s, simple(record_kind::started), record_lsn(1));
  auto sleep = simple(record_kind::sleep, 1);
  sleep.number = 500;
  apply(s, sleep, record_lsn(2));
  CHECK(wake_of(s) == engine_time(500));
  apply(s, simple(record_kind::child, 2), record_lsn(3));
  CHECK(wake_of(s) == engine_time(500));
  apply(s, simple(record_kind::step, 3), record_lsn(4));
  CHECK(wake_of(s) == run_state::wake_at_start);
  auto retry = simple(record_kind::retry, 3);
  retry.number = 300;
  apply(s, retry, record_lsn(5));
  CHECK(wake_of(s) == engine_time(300));
  apply(s, simple(record_kind::not_started, 3), record_lsn(6));
  CHECK(wake_of(s) == run_state::wake_at_start);
  auto early = simple(record_kind::step_done, 3);
  early.flags = flag::event::undriven;
  apply(s, early, record_lsn(7));
  CHECK(wake_of(s) == run_state::wake_at_start);
  apply(s, simple(record_kind::driven), record_lsn(8));
  CHECK(wake_of(s) == engine_time(500));
}
