// Which code drives which run: what a start would park, and runs that are moved to another version
// of their workflow.
#include <set>

#include "base/shown.hpp"
#include "engine/core.hpp"
#include "engine/listing.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t page_size = 1000;

std::string named(std::string_view version) {
  return version.empty() ? "without a version" : "with version " + shown(version);
}

}  // namespace

/// Why the run would be parked if this drove it; empty: it wouldn't. What it does behind its
/// history is forgotten.
std::string engine_core::misfit(definition& d, resident& r) {
  std::string history;
  try {
    history = history_of(r);
  } catch (const error& e) {
    if (!is_of_one_run(e)) throw;
    return e.what();
  }
  return misfit(d, r.state, history);
}

std::string engine_core::misfit(definition& d, const run_state& s, std::string_view history) {
  try {
    execution shadow(d, errors_, nullptr, s.run, s.id);
    drive_output work;
    in_workflow here(slots_, suspects_, watchdog_, s.workflow, shadow,
                     enter_code(s, shadow, {code_use::replays}));
    if (!shadow.replay(history, work)) return shadow.problem();
    while (shadow.queued() > 0 && !shadow.ended()) {
      work.clear();
      if (!shadow.drive_next(now_, work)) return shadow.problem();
    }
    return here.offence();
  } catch (const malformed& e) { return e.what(); }
}

// ---------------------------------------------------------------- moving

void engine_core::move_run(run_ref of, std::string_view version) {
  auto r = must_find_last(of);
  auto& s = r->state;
  auto who = "the run " + shown(s.id) + " of workflow " + shown(s.workflow);
  answer_lsn_ = r->last_lsn;
  if (!s.open()) throw error(errc::run_ended, s.id, who + " has ended");
  auto* d = definitions_.find(s.workflow, version);
  if (!d)
    throw error(errc::unknown_workflow, s.id,
                who + " can't be moved: no body " + named(version) + " is defined for it");
  if (s.version == version) return;
  if (!may_evict(*r))
    throw error(errc::conflict, s.id,
                who +
                    " can't be moved now: the body of a step runs that refers to its "
                    "variables; ask again when it has returned");
  auto why = misfit(*d, *r);
  if (!why.empty())
    throw error(errc::rejected, s.id,
                who + " goes on " + named(s.version) + ": its history doesn't fit the body " +
                    named(version) + ": " + why);
  record n;
  n.kind = record_kind::moved;
  n.time = now_;
  n.name = version;
  note(*r, n);
  evict_at_last(*r);
  if (s.stalled) resume_run({s.run, namespace_of(s), s.id});
  answer_lsn_ = r->last_lsn;
}

// ---------------------------------------------------------------- what a start would park

std::string engine_core::why_parked(resident& r) {
  auto& s = r.state;
  if (options_.max_crashes && s.crashes >= options_.max_crashes) return why_quarantined(s);
  auto* d = definitions_.find(s.workflow, s.version);
  return d ? misfit(*d, r) : definitions_.why_missing(s.workflow, s.version);
}

start_preview engine_core::preview(std::size_t listed_max) {
  if (phase_ != phase::made)
    throw error(errc::usage, "preview", "a preview is of a start: call it before start()");
  start_preview p;
  now_ = clock_.wall().time_since_epoch().count();
  try {
    read_only();
    std::set<std::string> names;
    for (auto& [kind, n] : counters_.all()) names.insert(std::get<0>(kind));
    for (auto& [run, r] : runs_) names.emplace(namespace_of(r->state));
    for (auto& name : names) foresee(name, p, listed_max);
  } catch (...) {
    auto why = as_error(std::current_exception());
    forget_preview();
    std::rethrow_exception(why);
  }
  forget_preview();
  return p;
}

/// Looks at the open runs of a namespace, page by page.
void engine_core::foresee(const std::string& name_space, start_preview& p, std::size_t listed_max) {
  listing l(name_space, "CloseTime IS NULL AND ExecutionStatus IN ('Running', 'Stalled')",
            listing::kind::rows);
  l.rows_max = page_size;
  for (bool more = true; more;) {
    while (!l.done) look_at(l);
    more = l.rows.size() == page_size;
    for (auto& row : l.rows) {
      auto r = load(row.run);
      if (!r) continue;
      ++p.open_runs;
      auto why = why_parked(*r);
      if (why.empty() || ++p.parked_runs > listed_max) continue;
      p.parked.push_back({name_space, row.id, row.workflow, row.version, row.run, std::move(why)});
    }
    l.rows.clear();
    l.done = false;
  }
}

/// The start reads everything anew: another may have owned the store meanwhile.
void engine_core::forget_preview() noexcept {
  recovered_.clear();
  runs_.clear();
  ids_.clear();
  unreadable_.lost.clear();
  unreadable_.leftovers.clear();
  unreadable_.aside.reset();
  unreadable_.owed.clear();
  dirty_.clear();
  journal_.riders() = {};
}

}  // namespace detail
}}  // namespace stet::v0
