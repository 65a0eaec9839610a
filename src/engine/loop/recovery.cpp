#include "engine/loop/recovery.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "engine/loop/start_report.hpp"
#include "history/make.hpp"
#include "journal/checkpoint.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {

void recovery::recover() {
  failpoint("before recovery");
  e_.journal.open(
      [&](const record& r, std::string_view bytes, record_lsn lsn) { take_record(r, bytes, lsn); });
  e_.time.keeper.start();
  finish_reading(e_.journal);
  put_lost_aside();
  auto where = e_.services.store.info().path;
  auto who = e_.services.crash_slots.open(where.empty() ? std::string() : where + ".slots");
  if (!e_.journal.opened().was_clean) suspect(who);
  schedule_all();
  e_.advance.waker.load_timers();
  report_held_up(e_);
  let_go();
  for (auto& [run, debts] : e_.runs.unreadable.owed)
    if (auto r = e_.runs.table.load(run)) e_.runs.agenda.add(*r);  // its debts are paid then
  e_.commit.checkpointer.start(!e_.runs.agenda.empty());
  failpoint("after recovery");
}

/// Schedules the runs in the order of their numbers.
void recovery::schedule_all() {
  std::vector<resident*> recovered;
  recovered.reserve(e_.runs.table.all().size());
  for (auto& [run, r] : e_.runs.table.all()) recovered.push_back(r.get());
  std::sort(recovered.begin(), recovered.end(),
            [](auto* a, auto* b) { return a->state.run < b->state.run; });
  for (auto* r : recovered) e_.advance.waker.schedule(*r);
}

void recovery::read_only() {
  e_.time.keeper.update_now(e_.time.timers.size() > 0);
  try {
    journal looking(e_.services.store, e_.services.options.commits);
    looking.look([&](const record& r, std::string_view bytes, record_lsn lsn) {
      take_record(r, bytes, lsn);
    });
    finish_reading(looking);
  } catch (...) {
    forget();
    throw;
  }
}

/// Reads the rest of the store, after the journal.
void recovery::finish_reading(const journal& read) {
  auto tell = [&](const std::string& what) {
    e_.services.reporter.report(event_kind::store_damaged, what);
  };
  for (auto& key : read.opened().strays)
    tell("the store has a key that is none of Stet's, and is left alone: " + shown(key) +
         "; stet::check names what is missing elsewhere");
  e_.runs.counters.load(e_.services.store, tell);
  e_.runs.unreadable.owed = read_debts(e_.services.store, tell);
  erase_leftovers();
  std::vector<run_number> aside;
  for (auto& [run, records] : put_aside_earlier()) aside.push_back(run);
  for (auto run : aside) (void)load(run);
  e_.runs.unreadable.aside.reset();
}

/// Forgets everything that was read: another engine may own the store before this one starts.
void recovery::forget() noexcept {
  held_.clear();
  e_.runs.table.clear();
  e_.runs.unreadable = {};
  e_.runs.unsaved.clear();
  e_.journal.extra_writes() = {};
}

bool recovery::may_try_again(const std::exception_ptr& why) const noexcept {
  try {
    std::rethrow_exception(why);
  } catch (const store_error& e) {
    bool heals = e.code() == errc::full || e.code() == errc::busy;
    return e.outcome() == commit_outcome::refused && heals && !e_.journal.opened().is_owned;
  } catch (...) { return false; }
}

// ---------------------------------------------------------------- the journal's records

/// Folds a record into its run, unless the run's snapshot has it already.
void recovery::take_record(const record& rec, std::string_view bytes, record_lsn lsn) {
  if (rec.kind == record_kind::written) return;  // these entries are in the store
  if (rec.kind == record_kind::erased) {
    if (auto* gone = e_.runs.table.find(rec.related)) e_.drive.entry.forget_run(*gone);
    e_.runs.unreadable.lost.erase(rec.related);
    return;
  }
  auto* r = find_or_read(rec, bytes, lsn);
  if (!r) return;
  if (lsn <= r->state.applied_lsn && !STET_SEEDED(ignore_snapshot_lsn))
    return e_.runs.table.note_latest(*r);  // perhaps the latest of its id
  apply_to(*r, rec, bytes, lsn);
}

/// The run of a record. Returns null if its snapshot can't be read: then the record is kept as
/// lost, until it is put aside.
resident* recovery::find_or_read(const record& rec, std::string_view bytes, record_lsn lsn) {
  if (auto* r = e_.runs.table.find(rec.run)) return r;
  if (rec.kind == record_kind::started) {
    auto& r = e_.runs.table.add(rec.run);
    if (auto known = read_snapshot_before(rec.run)) {
      r.state = *std::move(known);
      r.unsaved_first = r.state.records;
    }
    return &r;
  }
  auto* r = load(rec.run);
  if (!r) e_.runs.unreadable.lost[rec.run].emplace_back(lsn, bytes);
  return r;
}

void recovery::apply_to(resident& r, const record& rec, std::string_view bytes, record_lsn lsn) {
  try {
    apply(r.state, rec, lsn);
  } catch (const malformed& e) {
    r.state.stalled = true;
    r.state.outcome = std::string("its history doesn't make sense: ") + e.what();
    e_.services.reporter.report_stalled(
        "run " + shown(r.state.id) + " is stalled: " + r.state.outcome, r.state,
        stall_kind::unreadable);
  }
  e_.runs.table.note_latest(r);
  r.last_lsn = lsn;
  r.unsaved += bytes;
  e_.runs.unsaved.add(r, lsn);
}

// ---------------------------------------------------------------- snapshots that can't be read

/// The records that earlier recoveries have put aside.
std::map<run_number, aside_records>& recovery::put_aside_earlier() {
  auto& aside = e_.runs.unreadable.aside;
  if (!aside)
    aside = read_aside(e_.services.store, [&](const std::string& what) {
      e_.services.reporter.report(event_kind::store_damaged, what);
    });
  return *aside;
}

/// Loads the snapshot of a run that the journal names, or that has records put aside. Returns null
/// if the snapshot can't be read.
resident* recovery::load(run_number run) {
  auto loaded = e_.runs.table.load(run);
  if (!loaded) return nullptr;
  auto* r = &*loaded;
  held_.push_back(std::move(loaded));
  fold_aside(*r);
  return r;
}

/// The snapshot of the run can be read again: folds in the records that were put aside.
void recovery::fold_aside(resident& r) {
  auto kept = put_aside_earlier().extract(r.state.run);
  if (kept.empty()) return;
  r.was_put_aside = true;
  e_.runs.unsaved.add(r, kept.mapped().front().first);  // so that its next slice drops them
  for (auto& [lsn, bytes] : kept.mapped()) {
    if (lsn <= r.state.applied_lsn) continue;
    source in(bytes);
    apply_to(r, decode_record(in), bytes, lsn);
  }
}

/// The records of lost runs are all that the journal has of them. They go where no pass drops them.
void recovery::put_lost_aside() {
  for (auto& [run, records] : std::exchange(e_.runs.unreadable.lost, {})) {
    put_aside(e_.journal.extra_writes(), run, records);
    e_.services.reporter.report_of_run(
        event_kind::run_unreadable,
        "the snapshot of run " + std::to_string(run.value()) +
            " can't be read: " + std::to_string(records.size()) +
            " records of it are put aside, until it can be (restore it from a copy) or the run is "
            "erased",
        run);
  }
}

/// The snapshot of a run whose first record is still in the journal. Returns nothing if there is
/// none yet, or if it can't be read: then the run is written anew.
std::optional<run_state> recovery::read_snapshot_before(run_number run) {
  std::string why = "it is missing";
  try {
    if (auto state = e_.runs.table.read(run)) return state;
    if (!e_.services.store.get(keys::history(run, 0))) return std::nullopt;
  } catch (const malformed& e) { why = e.what(); }
  e_.runs.unreadable.leftovers.push_back(run);
  e_.services.reporter.report_of_run(
      event_kind::run_unreadable,
      "the snapshot of run " + std::to_string(run.value()) + " can't be read (" + why +
          "): the journal has all of that run, and it is written afresh",
      run);
  return std::nullopt;
}

/// Erases what the store has of runs that are written anew.
void recovery::erase_leftovers() {
  for (auto run : std::exchange(e_.runs.unreadable.leftovers, {})) {
    auto* r = e_.runs.table.find(run);
    if (!r) continue;  // it was erased later
    auto& writes = e_.journal.extra_writes();
    auto name_space = namespace_of(r->state);
    erase_unreadable(writes, name_space, r->state.id, run,
                     traces_of(e_.services.store, name_space, run), e_.runs.counters);
    // Debts to the run stay.
    auto& owed = e_.runs.unreadable.owed;
    if (auto known = owed.find(run); known != owed.end()) put_debts(writes, run, known->second);
  }
}

// ---------------------------------------------------------------- suspects

/// `who` was in user code when the last process died. A death counts against a suspect that was
/// tried alone. If both a run's own code and a step were, it counts against the code: a step takes
/// much longer, so it is there by chance more often.
void recovery::suspect(const std::vector<occupant>& who) {
  if (e_.services.options.max_crashes == 0) return;
  std::map<step_key, trial> steps;
  bool any_code = false, code_alone = false;
  for (auto& o : who) {
    if (o.command) {
      auto& tried = steps[{o.run, o.command}];
      tried = std::max(tried, o.tried);
      continue;
    }
    any_code = true;
    code_alone |= o.tried == trial::alone;
    suspect_code(o);
  }
  std::erase_if(steps, [&](auto& s) {
    auto r = e_.runs.table.load(s.first.first);
    return !r || !r->state.open() || !r->state.find(s.first.second);  // it has its outcome
  });
  bool is_sole = steps.size() == 1 && !any_code;
  for (auto [step, tried] : steps) {
    e_.runs.suspects.add(step, is_sole || tried != trial::none ? trial::alone : trial::beside);
    if (tried != trial::alone || code_alone) continue;
    auto r = e_.runs.table.load(step.first);
    count_death(*r, step.second);
  }
}

/// A run's own code was running. Perhaps its start wasn't durable: then the next run with its id is
/// suspected.
void recovery::suspect_code(const occupant& o) {
  auto r = e_.runs.table.load(o.run);
  if (!r) return e_.runs.suspects.add_start(o.id);
  if (!r->state.open()) return;
  e_.runs.suspects.add_code(o);
  if (o.tried == trial::alone) count_death(*r, no_command);
}

/// The process died while this step (or if `command` is 0 the run's own code) was tried alone.
void recovery::count_death(resident& r, command_number command) {
  auto* p = command ? r.state.find(command) : nullptr;
  e_.recorder.append_note(r, notes::suspect(command, (p ? p->crashes : r.state.crashes) + 1));
}

}}}  // namespace stet::v0::detail
