#include "engine/loop/start_report.hpp"

#include <string_view>
#include <tuple>

#include "base/shown.hpp"
#include "index/entries.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

void add(std::map<std::string, open_runs_of>& all, const std::string& workflow, status s,
         std::int64_t n) {
  if (s == status::running) all[workflow].running += n;
  if (s == status::stalled) all[workflow].stalled += n;
}

std::string runs_in_words(std::int64_t n, const char* kind) {
  return std::to_string(n) + " " + kind + (n == 1 ? " run" : " runs") + " of workflow ";
}

/// Puts the runs of a workflow that the index has as running on the agenda.
void wake_all(engine_parts& e, std::string_view name_space, const std::string& workflow) {
  auto from = keys::index_prefix(name_space, by_kind) + ordered_kind(workflow, status::running);
  auto to = keys::end_of(from);
  scan(e.services.store, {from, to}, [&](std::string_view key, std::string_view) {
    const run_number run(keys::last_number(key));
    if (!e.runs.table.find(run)) e.runs.agenda.add(run);
    return true;
  });
}

}  // namespace

std::map<std::string, open_runs_of> count_open_runs(const run_room& runs) {
  std::map<std::string, open_runs_of> all;
  for (auto& [kind, n] : runs.counters.all()) add(all, std::get<1>(kind), std::get<2>(kind), n);
  for (auto& [run, r] : runs.table.all()) {
    auto& s = r->state;
    if (!s.run || s.indexed_status == s.shown_status()) continue;
    add(all, s.workflow, s.indexed_status, -1);
    add(all, s.workflow, s.shown_status(), 1);
  }
  return all;
}

void report_held_up(engine_parts& e) {
  auto is_defined = [&](const std::string& workflow) {
    return e.services.definitions.newest(workflow) != nullptr;
  };
  for (auto& [workflow, n] : count_open_runs(e.runs)) {
    if (const auto open = n.running + n.stalled; open > 0 && !is_defined(workflow))
      e.services.reporter.report_runs(
          event_kind::workflow_undefined,
          runs_in_words(open, "open") + shown(workflow) +
              ", which this program doesn't define: they are stalled until a program that defines "
              "it is started",
          workflow, static_cast<std::uint64_t>(open));
    else if (n.stalled > 0)
      e.services.reporter.report_runs(
          event_kind::runs_stalled,
          runs_in_words(n.stalled, "stalled") + shown(workflow) +
              (n.stalled == 1 ? " was found: it" : " were found: each") + " is tried again now",
          workflow, static_cast<std::uint64_t>(n.stalled));
  }
  for (auto& [kind, n] : e.runs.counters.all()) {
    auto& [name_space, workflow, s] = kind;
    if (s == status::running && n > 0 && !is_defined(workflow)) wake_all(e, name_space, workflow);
  }
  for (auto& [run, r] : e.runs.table.all())
    if (r->state.run && r->state.open() && !is_defined(r->state.workflow)) e.runs.agenda.add(*r);
}

}}}  // namespace stet::v0::detail
