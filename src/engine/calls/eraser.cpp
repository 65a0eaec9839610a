#include "engine/calls/eraser.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "base/ensure.hpp"
#include "base/shown.hpp"
#include "engine/calls/blob_store.hpp"
#include "engine/calls/calls_room.hpp"
#include "history/make.hpp"
#include "journal/checkpoint.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr int patience_ms = 1000;

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
  for (auto run : family) {  // changes nothing
    if (auto r = e_.runs.table.load(run)) {
      must_be_erasable(*r, target.id, o);
      continue;
    }
    auto& known = unreadable[run] = traces_of(e_.services.store, target.name_space, run);
    refuse_open(target.id, run, known, o);
  }
  end_all(family, target.id);
  for (auto run : family) {
    if (auto r = e_.runs.table.load(run)) erase_run(*r);
    else erase_unreadable(target.name_space, target.id, run, unreadable[run]);
  }
  if (!unreadable.empty()) fail_waiting(target.name_space, target.id);
  return {family.size(), everything};
}

void eraser::must_be_erasable(const resident& r, std::string_view id, erase_options o) const {
  auto refuse = [&](const std::string& why) {
    throw error(errc::conflict, id, "the run " + shown(r.state.id) + " " + why);
  };
  if (r.state.open() && !o.terminate)
    refuse("is open: let it end, or erase it with erase_options::terminate");
  for (auto* a : r.attempts)
    if (is_out(*a))
      refuse(std::string(r.state.open() ? "is open" : "has ended") + ", but the body of its step " +
             shown(a->body->name) +
             " still runs, or waits for a thread: nothing was changed; ask again when the body has "
             "returned (terminate() ends the run meanwhile, and asks the body to return)");
}

/// Whether a thread has the body of an attempt, so that nothing ends the attempt at once. Only the
/// loop gives attempts to threads, so one that isn't out stays that way during a call.
bool eraser::is_out(const attempt& a) const {
  if (!a.ticket.submitted) return false;
  if (e_.commit.is_refused()) return true;         // what has returned isn't taken then
  if (a.at == attempt::phase::left) return false;  // it is about to be taken back
  return !a.is_pending() || a.body->waits_for_body;
}

/// Terminates those that are open, and ends their attempts that aren't out.
void eraser::end_all(const std::vector<run_number>& family, std::string_view id) {
  for (auto run : family) {
    auto r = e_.runs.table.load(run);
    if (r && r->state.open()) e_.drive.ending.terminate(*r, "it is erased");
  }
  for (auto run : family) {
    auto r = e_.runs.table.load(run);
    if (!r) continue;
    drop_from_gate(*r);
    // A completion that is settled at this very moment is about to come back.
    for (int waited_ms = 0; !r->attempts.empty(); ++waited_ms) {
      (void)e_.advance.returns.take();
      if (r->attempts.empty()) break;
      if (waited_ms == patience_ms)
        throw error(errc::conflict, id,
                    "the run " + shown(r->state.id) + " was terminated, and isn't erased: a step " +
                        "of it doesn't come back");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

/// The attempts of a run that has ended, and that were never given to a thread.
void eraser::drop_from_gate(resident& r) {
  std::erase_if(e_.bodies.gate, [&](attempt* a) {
    if (&a->run_of != &r || a->ticket.submitted) return false;
    const std::unique_ptr<attempt> gone(a);
    r.remove(*a);
    e_.time.timers.remove(a->order.run, timer_of(*a));
    e_.desk.trials.ends(*a);
    return true;
  });
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
