// The reports of a start about runs that are held up.
#include "engine/loop/start_report.hpp"

#include "stepping.hpp"

using namespace stet_tests;

namespace {

struct ear final : stet::listener {
  void event(const stet::engine_event& e) override {
    kinds.push_back(e.kind);
    workflows.emplace_back(e.workflow);
    counts.push_back(e.count);
    text += std::string(e.text) + "\n";
  }
  std::vector<stet::event_kind> kinds;
  std::vector<std::string> workflows;
  std::vector<std::uint64_t> counts;
  std::string text;
};

struct fixture {
  fixture() : p(stet::memory::open(), {.listener = &heard}) {}
  /// A run of a workflow that isn't defined.
  run_lease start_unknown(const char* id) {
    return p->drive.births.create(p.start_of(id, "gone", none));
  }
  std::string none = bytes_of(std::tuple<>{});
  ear heard;
  parts p;
};

}  // namespace

TEST_CASE("open runs are counted by workflow, in the store and in memory") {
  fixture f;
  auto a = f.p.start("a"), b = f.p.start("b");
  f.p.settle();
  f.p->commit.checkpointer.slice(*a);
  while (f.p->commit.commit()) {}
  f.p->drive.staller.stall(*b, "why");
  auto gone = f.start_unknown("c");
  auto counts = count_open_runs(f.p->runs);
  CHECK(counts["sleeper"].running == 1);
  CHECK(counts["sleeper"].stalled == 1);
  CHECK(counts["gone"].running == 1);
  f.p->drive.ending.terminate(*a, "");
  CHECK(count_open_runs(f.p->runs)["sleeper"].running == 0);
}

TEST_CASE("nothing is reported while every run goes on") {
  fixture f;
  auto a = f.p.start("a");
  f.p.settle();
  report_held_up(*f.p);
  CHECK(f.heard.kinds.empty());
}

TEST_CASE("runs of a workflow that isn't defined are reported, and put on the agenda") {
  fixture f;
  auto a = f.start_unknown("a"), b = f.start_unknown("b");
  while (!f.p->runs.agenda.empty()) (void)f.p->runs.agenda.take();
  a->queued = b->queued = false;
  report_held_up(*f.p);
  REQUIRE_MESSAGE(f.heard.kinds == std::vector{stet::event_kind::workflow_undefined}, f.heard.text);
  CHECK(f.heard.workflows[0] == "gone");
  CHECK(f.heard.counts[0] == 2);
  CHECK_MESSAGE(f.heard.text.find("2 open runs of workflow 'gone'") == 0, f.heard.text);
  CHECK(f.p->runs.agenda.size() == 2);
}

TEST_CASE("stalled runs are reported with their number") {
  fixture f;
  auto a = f.p.start("a");
  f.p.settle();
  f.p->drive.staller.stall(*a, "why");
  f.heard.kinds.clear();
  f.heard.counts.clear();
  f.heard.text.clear();
  report_held_up(*f.p);
  REQUIRE_MESSAGE(f.heard.kinds == std::vector{stet::event_kind::runs_stalled}, f.heard.text);
  CHECK(f.heard.counts[0] == 1);
  CHECK_MESSAGE(f.heard.text.find("1 stalled run of workflow 'sleeper' was found") == 0,
                f.heard.text);
}
