#include "journal/checkpoint.hpp"

#include <stet/memory.hpp>

#include "keys/keys.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/recorded.hpp"

using namespace stet::detail;
using namespace stet_tests;

namespace {

std::vector<std::string> timers_in(stet::store& s) {
  std::vector<std::string> all;
  auto from = keys::all(keys::space::timers), to = keys::end_of(from);
  stet::scan(s, {from, to},
             [&](std::string_view key, std::string_view) { return all.emplace_back(key), true; });
  return all;
}

std::string bytes_of(const run_state& s) {
  std::string out;
  encode(out, s);
  return out;
}

}  // namespace

TEST_CASE("a run that is checkpointed slice by slice is found whole after each of them [I11]") {
  STET_SAYS_SEED();
  random_source random;
  for (auto& run : recorded_runs()) {
    auto s = stet::memory::open();
    auto records = split(run.history);
    run_state state;
    run_counters counters;
    std::string chunk;
    std::uint64_t first = 0;
    for (std::size_t i = 0; i < records.size(); ++i) {
      apply(state, records[i].record, record_lsn(i + 1));
      chunk += records[i].bytes;
      if (i + 1 < records.size() && random.below(3) != 0) continue;
      stet::batch b;
      add_checkpoint(b, state, chunk, first, counters);
      s->commit(b, stet::durability::process);
      first = state.records;
      chunk.clear();
      auto found = read_snapshot(*s, run.state.run);
      REQUIRE(found);
      CHECK(bytes_of(*found) == bytes_of(state));
      CHECK(read_history(*s, run.state.run, state.records) ==
            run.history.substr(0, read_history(*s, run.state.run, first).size()));
      CHECK(read_latest_run(*s, default_namespace, state.id) == run.state.run);
      auto timers = timers_in(*s);
      auto wake = wake_of(state);
      CHECK(timers.size() == (wake == run_state::no_wake ? 0 : 1));
      if (!timers.empty()) CHECK(timers[0] == keys::timer(wake, run.state.run));
    }
    CHECK(read_history(*s, run.state.run, state.records) == run.history);
  }
}

TEST_CASE("a slice that is written twice is the same as once") {
  auto& run = recorded_runs().front();
  auto records = split(run.history);
  auto s = stet::memory::open();
  run_state state;
  run_counters counters;
  for (std::size_t i = 0; i < records.size(); ++i)
    apply(state, records[i].record, record_lsn(i + 1));
  for (int i = 0; i < 2; ++i) {
    stet::batch b;
    add_checkpoint(b, state, run.history, 0, counters);
    s->commit(b, stet::durability::process);
    CHECK(read_history(*s, run.state.run, state.records) == run.history);
  }
}

TEST_CASE("a history that lacks a chunk, has one too many, or a damaged one, is refused") {
  auto& run = recorded_runs().front();
  auto records = split(run.history);
  auto s = stet::memory::open();
  run_state state;
  run_counters counters;
  for (std::size_t i = 0; i < records.size(); ++i) {
    apply(state, records[i].record, record_lsn(i + 1));
    stet::batch b;
    add_checkpoint(b, state, records[i].bytes, i, counters);
    s->commit(b, stet::durability::process);
  }
  auto number = run.state.run;
  CHECK(read_history(*s, number, records.size()) == run.history);
  CHECK(read_history(*s, number, 1) == records[0].bytes);
  CHECK_THROWS_AS(read_history(*s, number, records.size() + 1), malformed);
  auto with = [&](auto change) {
    stet::batch b;
    change(b);
    s->commit(b, stet::durability::process);
  };
  auto key = keys::history(number, 1);
  auto was = *s->get(key);
  with([&](stet::batch& b) { b.erase(key); });
  CHECK_THROWS_AS(read_history(*s, number, records.size()), malformed);
  for (std::size_t n = 0; n < was.size(); ++n) {
    with([&](stet::batch& b) { b.put(key, was.substr(0, n)); });
    CHECK_THROWS_AS(read_history(*s, number, records.size()), malformed);
  }
  for (std::size_t bit = 0; bit < 8 * was.size(); ++bit) {
    auto bad = was;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
    with([&](stet::batch& b) { b.put(key, bad); });
    CHECK_THROWS_AS(read_history(*s, number, records.size()), malformed);
  }
  with([&](stet::batch& b) { b.put(key, was); });
  CHECK(read_history(*s, number, records.size()) == run.history);
}

TEST_CASE("a snapshot under another run's number is refused") {
  auto& runs = recorded_runs();
  auto s = stet::memory::open();
  stet::batch b;
  b.put(keys::snapshot(run_number(1)), bytes_of(runs[1].state));
  b.put(keys::snapshot(runs[1].state.run), bytes_of(runs[1].state));
  s->commit(b, stet::durability::process);
  CHECK_THROWS_AS(read_snapshot(*s, run_number(1)), malformed);
  CHECK(read_snapshot(*s, runs[1].state.run));
  CHECK(!read_snapshot(*s, run_number(999'999)));
}
