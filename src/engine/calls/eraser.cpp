#include "engine/calls/eraser.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/ensure.hpp"
#include "base/shown.hpp"
#include "engine/calls/blob_store.hpp"
#include "engine/calls/calls_room.hpp"
#include "history/make.hpp"
#include "journal/checkpoint.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

/// Throws errc::conflict if a run whose snapshot can't be read may be open.
void refuse_open(std::string_view id, run_number run, const run_traces& known, erase_options o) {
  auto status = known.kind ? known.kind->second : status::running;
  if (o.terminate || (status != status::running && status != status::stalled)) return;
  throw error(errc::conflict, id,
              "run " + std::to_string(run.value()) + " of the id '" + std::string(id) +
                  "' can't be read, and as far as the indexes know it is open: restore its "
                  "snapshot from a copy, or erase it with erase_options::terminate");
}

}  // namespace

answer<std::size_t> eraser::erase(run_ref target, erase_options o) {
  auto family = family_of(target, o.children);
  if (family.empty()) (void)e_.runs.finder.must_find(target);  // throws errc::not_found
  std::map<run_number, run_traces> unreadable;
  for (auto run : family) {
    if (auto r = e_.runs.table.load(run)) {
      must_be_erasable(*r, target.id, o);
      continue;
    }
    auto& known = unreadable[run] = traces_of(e_.services.store, target.name_space, run);
    refuse_open(target.id, run, known, o);
  }
  for (auto run : family) {
    if (auto r = e_.runs.table.load(run)) erase_run(*r);
    else erase_unreadable(target.name_space, target.id, run, unreadable[run]);
  }
  if (!unreadable.empty()) fail_waiting(target.name_space, target.id);
  return {family.size(), everything};
}

void eraser::must_be_erasable(resident& r, std::string_view id, erase_options o) {
  if (r.state.open() && o.terminate) e_.drive.ending.terminate(r, "it is erased");
  auto busy = r.state.open() ? "is open: let it end, or erase it with erase_options::terminate"
              : r.attempts.empty() ? nullptr
                                   : "has ended, but the body of a step of it still runs";
  if (busy) throw error(errc::conflict, id, "the run " + shown(r.state.id) + " " + busy);
}

bool eraser::erase_run(resident& r) {
  if (!r.attempts.empty()) return false;
  ensure(!r.state.open(), "only a run that has ended is erased");
  e_.runs.sent.forget(r);
  e_.commit.checkpointer.slice(r);
  ensure(!r.dirty_since, "what is erased is in the store, to the last record");
  erase_checkpoints(e_.journal.extra_writes(), r.state, e_.runs.counters);
  erase_blobs(e_.tables, e_.journal.extra_writes(), namespace_of(r.state), r.state.run);
  e_.runs.debts.forget(r.state.run);
  note_erased(r.state.run);
  e_.drive.entry.forget_run(r);
  return true;
}

/// The same for a run whose snapshot can't be read: erases the traces of it that were found.
void eraser::erase_unreadable(std::string_view name_space, std::string_view id, run_number run,
                              const run_traces& traces) {
  auto& writes = e_.journal.extra_writes();
  detail::erase_unreadable(writes, name_space, id, run, traces, e_.runs.counters);
  e_.runs.sent.forget(run);
  e_.runs.debts.forget(run);
  erase_blobs(e_.tables, writes, name_space, run);
  note_erased(run);
}

/// All runs of an id are erased, and one of them couldn't be read. Runs that wait for that one get
/// no answer any more.
void eraser::fail_waiting(std::string_view name_space, std::string_view id) {
  auto& calling_runs = e_.drive.calling_runs;
  auto why = "the run '" + std::string(id) + "' couldn't be read, and has been erased";
  for (auto& c : calling_runs.waiting_for(name_space, id, wait_kind::child)) {
    auto parent = e_.runs.table.load(c.run);
    if (parent)
      calling_runs.fail_pending(*parent, record_kind::child_failed, c.command, errc::child_failed,
                                "stet::run_terminated", why);
  }
  calling_runs.fail(calling_runs.waiting_for(name_space, id, wait_kind::message), why);
}

void eraser::note_erased(run_number run) {
  ensure(run && !e_.runs.table.erased.has(run), "a run is erased once");
  (void)e_.recorder.append_own(notes::erased(run));
  e_.runs.table.erased.add(run);
  e_.commit.something_was_erased();
}

/// The children that a run has started: the id of each, and its run number. The number tells it
/// from runs that others have started under the same id. A history that can't be read is reported.
std::vector<eraser::started_child> eraser::children_of(resident& r) {
  std::vector<started_child> children;
  try {
    e_.runs.history.for_each(r, [&](const record& rec) {
      if (rec.kind == record_kind::child)
        children.push_back({std::string(rec.target), rec.related});
    });
  } catch (const error& e) {
    if (!is_of_one_run(e)) throw;
    e_.services.reporter.report(event_kind::run_unreadable,
                                std::string(e.what()) + ": its children stay", r.state);
  }
  return children;
}

/// Adds the runs of an id: all of them, or if `first` isn't 0 those of the chain that began with
/// that run.
void eraser::add_runs_of(std::string_view name_space, std::string_view id, run_number first,
                         std::vector<run_number>& runs) {
  std::set<run_number> known;
  auto& table = e_.runs.table;
  auto add = [&](run_number run) {
    while (run >= std::max(first, run_number(1)) && !table.erased.has(run) &&
           known.insert(run).second) {
      auto r = table.load(run);
      if (!r && !table.exists(run)) return;  // retention has erased it
      bool is_meant = !first || (r && r->state.first == first);
      if (is_meant) runs.push_back(run);
      if (!r) return;
      run = r->state.previous;  // the store may not have it yet
    }
  };
  for (auto run = table.latest(name_space, id); run; run = table.latest_below(name_space, id, run))
    add(run);
}

std::vector<run_number> eraser::family_of(run_ref target, bool with_children) {
  std::vector<run_number> family;
  add_runs_of(target.name_space, target.id, {}, family);
  for (std::size_t i = 0; with_children && i < family.size(); ++i) {
    auto r = e_.runs.table.load(family[i]);
    if (!r) continue;
    for (auto& c : children_of(*r)) add_runs_of(target.name_space, c.id, c.first, family);
  }
  return family;
}

answer<std::size_t> perform(calls_room& e, const erase_runs& c) {
  return e.eraser.erase(c.target, c.options);
}

}}}  // namespace stet::v0::detail
