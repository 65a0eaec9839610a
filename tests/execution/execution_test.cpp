#include "execution/execution.hpp"

#include "tests/support/bytes.hpp"
#include "tests/support/recorded.hpp"

using namespace stet::detail;
using namespace stet_tests;

namespace {

/// A host that runs nothing. Children get the numbers that were recorded.
struct quiet_host final : execution_host {
  bool stop_body(run_number, command_number) noexcept override { return false; }
  void await_body(run_number, command_number) noexcept override {}
  run_number new_run_number() noexcept override {
    return children.empty() ? no_run : children.at(next++ % children.size());
  }
  void log(std::string_view, std::string_view) noexcept override { ++logged; }
  std::vector<run_number> children;
  std::size_t next = 0;
  int logged = 0;
};

bool names_a_run(const record& r) {
  return r.kind == record_kind::child || r.kind == record_kind::continued;
}

struct drive_point {
  std::size_t at;   // the record that drives
  std::size_t end;  // past the last command that it brought
};
std::vector<drive_point> drives_of(const std::vector<recorded_record>& records) {
  std::vector<drive_point> all;
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto& r = records[i].record;
    bool drives =
        r.kind == record_kind::driven || (is_event(r.kind) && !(r.flags & flag::event::undriven) &&
                                          r.kind != record_kind::terminated);
    if (!drives) continue;
    auto end = i + 1;
    while (end < records.size() && is_command(records[end].record.kind)) ++end;
    all.push_back({i, end});
  }
  return all;
}

std::string_view part(const recorded_run& run, const std::vector<recorded_record>& records,
                      std::size_t from, std::size_t to) {
  auto offset = [&](std::size_t i) {
    return i < records.size()
               ? static_cast<std::size_t>(records[i].bytes.data() - run.history.data())
               : run.history.size();
  };
  return std::string_view(run.history).substr(offset(from), offset(to) - offset(from));
}

error_registry no_errors;

}  // namespace

TEST_CASE("every history replays to its end") {
  for (auto& run : recorded_runs()) {
    execution e(*run.code, no_errors, nullptr, run.state.run, run.state.id);
    drive_output work;
    bool fits = e.replay(run.history, work);
    CHECK_MESSAGE(fits, e.problem());
    CHECK(work.records.empty());
    CHECK(work.begun.empty());
    CHECK(e.ended() == !run.state.open());
    for (auto& p : run.state.waits_for)
      if (p.kind != wait_kind::sleep && p.kind != wait_kind::condition)
        CHECK(e.commands.find(p.command) != nullptr);
  }
}

TEST_CASE("after every prefix the next event brings the very commands that were recorded [I13]") {
  std::size_t compared = 0;
  for (auto& run : recorded_runs()) {
    auto records = split(run.history);
    for (auto& d : drives_of(records)) {
      quiet_host host;
      for (auto i = d.at; i < d.end; ++i)
        if (names_a_run(records[i].record)) host.children.push_back(records[i].record.related);
      execution e(*run.code, no_errors, &host, run.state.run, run.state.id);
      drive_output out;
      REQUIRE(e.replay(part(run, records, 0, d.at), out));
      out.clear();
      auto& r = records[d.at].record;
      bool good = r.kind == record_kind::driven ? e.drive_next(r.time, out) : e.deliver(r, out);
      CHECK_MESSAGE(good, e.problem());
      CHECK(out.records == part(run, records, d.at + 1, d.end));
      ++compared;
    }
  }
  CHECK(compared > 100);
}

TEST_CASE("a history driven event by event in one frame is the same") {
  for (auto& run : recorded_runs()) {
    auto records = split(run.history);
    quiet_host host;
    for (auto& r : records)
      if (names_a_run(r.record)) host.children.push_back(r.record.related);
    execution e(*run.code, no_errors, &host, run.state.run, run.state.id);
    drive_output out;
    for (auto& r : records) {  // events from before the first drive
      if (!is_event(r.record.kind) || !(r.record.flags & flag::event::undriven)) break;
      e.replay_cursor.queue(std::string(r.bytes));
    }
    for (auto& d : drives_of(records)) {
      out.clear();
      auto& r = records[d.at].record;
      bool good = r.kind == record_kind::driven ? e.drive_next(r.time, out) : e.deliver(r, out);
      REQUIRE_MESSAGE(good, e.problem());
      CHECK(out.records == part(run, records, d.at + 1, d.end));
      for (auto i = d.at + 1; i < records.size(); ++i) {
        auto& later = records[i].record;
        if (later.kind == record_kind::driven ||
            (is_event(later.kind) && !(later.flags & flag::event::undriven)))
          break;
        if (is_event(later.kind)) e.replay_cursor.queue(std::string(records[i].bytes));
      }
    }
  }
}

TEST_CASE("a replay of a prefix ends at its last await, and its frame may go there") {
  for (auto& run : recorded_runs()) {
    auto records = split(run.history);
    for (std::size_t n = 1; n <= records.size(); ++n) {
      if (n < records.size() && is_command(records[n].record.kind)) continue;
      execution e(*run.code, no_errors, nullptr, run.state.run, run.state.id);
      drive_output work;
      bool fits = e.replay(part(run, records, 0, n), work);
      CHECK_MESSAGE(fits, e.problem());
    }
  }
}

TEST_CASE("a history cut in the middle of what an event brought doesn't fit, and says so") {
  for (auto& run : recorded_runs()) {
    auto records = split(run.history);
    for (auto& d : drives_of(records)) {
      for (auto n = d.at + 1; n < d.end; ++n) {
        execution e(*run.code, no_errors, nullptr, run.state.run, run.state.id);
        drive_output work;
        CHECK(!e.replay(part(run, records, 0, n), work));
        CHECK(e.problem().find("the history says nothing more") != std::string::npos);
      }
    }
  }
}

TEST_CASE(
    "a history with one record left out, doubled or swapped never replays to another result") {
  int refused = 0;
  for (auto& run : recorded_runs()) {
    auto records = split(run.history);
    for (std::size_t n = 1; n + 1 < records.size(); ++n) {
      if (is_note(records[n].record.kind) || is_note(records[n + 1].record.kind)) continue;
      std::string without(part(run, records, 0, n)), doubled(part(run, records, 0, n + 1)),
          swapped = without;
      without += part(run, records, n + 1, records.size());
      doubled += part(run, records, n, records.size());
      swapped += part(run, records, n + 1, n + 2);
      swapped += part(run, records, n, n + 1);
      swapped += part(run, records, n + 2, records.size());
      for (auto& history : {without, doubled, swapped}) {
        execution e(*run.code, no_errors, nullptr, run.state.run, run.state.id);
        drive_output work;
        if (!e.replay(history, work)) {
          ++refused;
          CHECK(!e.problem().empty());
        }
      }
    }
  }
  CHECK(refused > 500);
}

TEST_CASE("damaged histories are refused or replay, and never do anything else") {
  STET_SAYS_SEED();
  random_source random;
  auto& runs = recorded_runs();
  for (int i = 0; i < 1000; ++i) {
    auto& run = runs[random.below(runs.size())];
    execution e(*run.code, no_errors, nullptr, run.state.run, run.state.id);
    drive_output work;
    (void)e.replay(random.damaged(run.history), work);
  }
}

TEST_CASE("an answer of another kind than its command is a damaged history [S134]") {
  for (auto& run : recorded_runs()) {
    auto records = split(run.history);
    for (std::size_t n = 0; n < records.size(); ++n) {
      if (records[n].record.kind != record_kind::timer_fired ||
          (records[n].record.flags & flag::event::undriven))
        continue;
      auto wrong = records[n].record;
      wrong.kind = record_kind::step_done;
      std::string history(part(run, records, 0, n));
      encode(history, wrong);
      execution e(*run.code, no_errors, nullptr, run.state.run, run.state.id);
      drive_output work;
      CHECK(!e.replay(history, work));
      CHECK(e.problem().find("damaged") != std::string::npos);
    }
  }
}
