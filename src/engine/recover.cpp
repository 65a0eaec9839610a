// From what the store holds to runs that go on.
#include <algorithm>
#include <map>
#include <utility>

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "engine/core.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

// First all runs go on, then they are checkpointed: so many tails may be kept meanwhile.
constexpr std::size_t tail_factor_at_start = 4;

}  // namespace

void engine_core::recover() {
  failpoint("before recovery");
  journal_.open([&](const record& r, std::string_view bytes, std::uint64_t lsn) {
    recover_record(r, bytes, lsn);
  });
  start_time();
  finish_reading(journal_);
  put_lost_aside();
  auto where = store_->info().path;
  auto who = slots_.open(where.empty() ? std::string() : where + ".slots");
  if (!journal_.was_clean()) suspect(who);
  std::vector<resident*> recovered;
  recovered.reserve(runs_.size());
  for (auto& [run, r] : runs_) recovered.push_back(r.get());
  std::sort(recovered.begin(), recovered.end(),
            [](auto* a, auto* b) { return a->state.run < b->state.run; });
  for (auto* r : recovered) arm(*r);
  load_timers();
  recovered_.clear();
  tail_limit_ = options_.tail_bytes_max;
  for (auto& [run, debts] : unreadable_.owed)
    if (auto r = load(run)) enqueue(*r);  // it can be read, and is paid
  was_busy_ = !ready_.empty();
  if (!ready_.empty()) tail_limit_ *= tail_factor_at_start;
  failpoint("after recovery");
}

/// What the store has beside its journal, once that was read: for a start, and for who only looks.
void engine_core::finish_reading(const journal& read) {
  auto tell = [&](const std::string& what) { listener_.problem(what); };
  for (auto& key : read.strays())
    tell("the store has a key that is none of Stet's, and is left alone: " + shown(key) +
         "; stet::check names what is missing elsewhere");
  counters_.load(*store_, tell);
  unreadable_.owed = read_debts(*store_, tell);
  erase_leftovers();
  std::vector<std::uint64_t> aside;
  for (auto& [run, records] : put_aside_earlier()) aside.push_back(run);
  for (auto run : aside) (void)load_recovered(run);
  unreadable_.aside.reset();
}

/// Half a start is none. But where the store has no room for its owner's mark, nothing was read,
/// and the start may be tried again.
void engine_core::give_up_start(const std::exception_ptr& why) {
  try {
    std::rethrow_exception(why);
  } catch (const store_error& e) {
    bool heals = e.code() == errc::full || e.code() == errc::busy;
    bool is_refused = e.outcome() == commit_outcome::refused && heals;
    if (is_refused && !journal_.is_owned()) return;
  } catch (...) {}
  watchdog_.stop();
  committer_.stop();
  phase_ = phase::closed;
  recovered_.clear();
  lru_.clear();
  runs_.clear();
  store_->close();
}

/// A record of the journal: folded into its run, unless the run's snapshot has it already.
void engine_core::recover_record(const record& rec, std::string_view bytes, std::uint64_t lsn) {
  if (rec.kind == record_kind::written) return;  // what was written is in the store
  if (rec.kind == record_kind::erased) {
    if (auto* gone = in_memory(rec.related)) forget_run(*gone);
    unreadable_.lost.erase(rec.related);
    return;
  }
  auto* r = in_memory(rec.run);
  if (!r) {
    if (rec.kind == record_kind::started) {
      r = (runs_[rec.run] = std::make_unique<resident>()).get();
      if (auto known = load_behind(rec.run)) {
        r->state = *std::move(known);
        r->unsaved_first = r->state.records;
      }
    } else {
      r = load_recovered(rec.run);
    }
    if (!r) {
      unreadable_.lost[rec.run].emplace_back(lsn, bytes);
      return;
    }
  }
  if (lsn <= r->state.applied_lsn && !STET_SEEDED(ignore_snapshot_lsn))
    return note_latest(*r);  // its snapshot may be that of a later run than the journal's last
  apply_recovered(*r, rec, bytes, lsn);
}

void engine_core::apply_recovered(resident& r, const record& rec, std::string_view bytes,
                                  std::uint64_t lsn) {
  try {
    apply(r.state, rec, lsn);
  } catch (const malformed& e) {
    r.state.stalled = true;
    r.state.outcome = std::string("its history doesn't make sense: ") + e.what();
    listener_.problem("run '" + r.state.id + "' is stalled: " + r.state.outcome);
  }
  note_latest(r);
  r.last_lsn = lsn;
  r.unsaved += bytes;
  mark_dirty(r, lsn);
}

/// What recoveries before this one have put aside.
std::map<std::uint64_t, aside_records>& engine_core::put_aside_earlier() {
  if (!unreadable_.aside)
    unreadable_.aside =
        read_aside(*store_, [&](const std::string& what) { listener_.problem(what); });
  return *unreadable_.aside;
}

/// A run that the journal names, or of which records were put aside, from its snapshot. Null: that
/// can't be read.
resident* engine_core::load_recovered(std::uint64_t run) {
  auto loaded = load(run);
  if (!loaded) return nullptr;
  auto* r = &*loaded;
  recovered_.push_back(std::move(loaded));
  fold_aside(*r);
  return r;
}

/// The snapshot of the run can be read again: what was put aside of it counts.
void engine_core::fold_aside(resident& r) {
  auto kept = put_aside_earlier().extract(r.state.run);
  if (kept.empty()) return;
  r.was_put_aside = true;
  mark_dirty(r, kept.mapped().front().first);  // its next slice takes it from there
  for (auto& [lsn, bytes] : kept.mapped()) {
    if (lsn <= r.state.applied_lsn) continue;
    source in(bytes);
    apply_recovered(r, decode_record(in), bytes, lsn);
  }
}

/// Their records are all that is left of them: they go where no pass drops them.
void engine_core::put_lost_aside() {
  for (auto& [run, records] : std::exchange(unreadable_.lost, {})) {
    put_aside(journal_.riders(), run, records);
    listener_.problem("the snapshot of run " + std::to_string(run) +
                      " can't be read: " + std::to_string(records.size()) +
                      " records of it are put aside, until it can be (restore it from a copy) or "
                      "the run is erased");
  }
}

/// Its id finds it, if no later run has the same.
void engine_core::note_latest(const resident& r) {
  auto& latest = ids_[id_key(namespace_of(r.state), r.state.id)];
  latest = std::max(latest, r.state.run);
}

/// The snapshot of a run that the journal has from its first record on. None: there is none yet;
/// or it can't be read, then the run is written afresh.
std::optional<run_state> engine_core::load_behind(std::uint64_t run) {
  std::string why = "it is missing";
  try {
    if (auto state = read_latest_snapshot(*store_, run)) return state;
    if (!store_->get(keys::history(run, 0))) return std::nullopt;
  } catch (const malformed& e) { why = e.what(); }
  unreadable_.leftovers.push_back(run);
  listener_.problem("the snapshot of run " + std::to_string(run) + " can't be read (" + why +
                    "): the journal has all of that run, and it is written afresh");
  return std::nullopt;
}

/// What stands in the store of a run that is written afresh.
void engine_core::erase_leftovers() {
  for (auto run : std::exchange(unreadable_.leftovers, {})) {
    auto* r = in_memory(run);
    if (!r) continue;  // erased since
    auto name_space = namespace_of(r->state);
    detail::erase_unreadable(journal_.riders(), name_space, r->state.id, run,
                             traces_of(*store_, name_space, run), counters_);
    // What it is owed stays.
    if (auto owed = unreadable_.owed.find(run); owed != unreadable_.owed.end())
      put_debts(journal_.riders(), run, owed->second);
  }
}

/// Who was in user code when the last process died. A death counts on whoever was tried alone: on a
/// run's own code rather than on a step, which is there for much longer and more often by chance.
void engine_core::suspect(const std::vector<occupant>& who) {
  if (options_.max_crashes == 0) return;
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
    auto r = load(s.first.first);
    return !r || !r->state.open() || !r->state.find(s.first.second);  // its outcome stood already
  });
  bool is_sole = steps.size() == 1 && !any_code;
  for (auto [step, tried] : steps) {
    suspects_.add(step, is_sole || tried != trial::none ? trial::alone : trial::beside);
    if (tried != trial::alone || code_alone) continue;
    auto r = load(step.first);
    count_death(*r, step.second);
  }
}

/// A run's own code was running. Its start may be among what wasn't durable: then the next run with
/// its id is suspected.
void engine_core::suspect_code(const occupant& o) {
  auto r = load(o.run);
  if (!r) return suspects_.add_start(o.id);
  if (!r->state.open()) return;
  suspects_.add_code(o);
  if (o.tried == trial::alone) count_death(*r, 0);
}

/// The process died while this step, or (0) the run's own code, was tried alone.
void engine_core::count_death(resident& r, std::uint32_t command) {
  auto* p = command ? r.state.find(command) : nullptr;
  record n;
  n.kind = record_kind::suspect;
  n.command = command;
  n.attempt = (p ? p->crashes : r.state.crashes) + 1;
  note(r, n);
}

std::string why_quarantined(const run_state& s) {
  return "its code brought the process down " + std::to_string(s.crashes) +
         " times: engine::resume lets it try again";
}

/// A run that comes into memory for the first time: what a crash or a close cut short is seen to.
void engine_core::resume(resident& r) {
  failpoint("resume");
  ensure(!r.resumed, "a run is resumed once");
  ensure(is_on_loop(), "runs are resumed on the engine's thread");
  if (unreadable_.owed.contains(r.state.run)) pay_debts(r);
  if (!r.state.open()) return;
  if (end_overdue(r)) return;
  look_again(r);  // also if it is stalled, or still has to begin
  const bool is_quarantined = options_.max_crashes && r.state.crashes >= options_.max_crashes;
  const bool begins_later = !is_quarantined && !time_.is_over(begin_of(r.state));
  const bool has_frame = !is_quarantined && !begins_later && ensure_frame(r);
  r.resumed = true;  // not before: what throws till here has resumed nothing
  if (is_quarantined) return park(r, why_quarantined(r.state));
  if (begins_later || !has_frame) return;
  resume_pending(r);
  drive_what_is_there(r);
  if (r.state.open() && !r.state.stalled) arm(r);
  wake_run(r);
}

/// A step that has killed the process too often.
bool engine_core::is_convicted(const pending& p) const noexcept {
  return options_.max_crashes != 0 && p.crashes >= options_.max_crashes;
}

void engine_core::resume_pending(resident& r) {
  std::vector<std::uint32_t> steps;
  for (auto& p : r.state.waits_for)
    if (p.kind == command_kind::step && p.at != pending::phase::retrying)
      steps.push_back(p.command);
  for (auto command : steps) {
    auto* p = r.state.open() && !r.state.stalled ? r.state.find(command) : nullptr;
    if (!p) continue;
    if (p->at == pending::phase::ending) {
      record e;
      e.kind = record_kind::body_returned;
      e.command = command;
      happen(r, e);
    } else if (p->at == pending::phase::waiting && (p->flags & record_flag::at_most_once) &&
               !is_convicted(*p) && !STET_SEEDED(repeat_at_most_once)) {
      fail_step(
          r, *p, errc::step_interrupted, "stet::step_interrupted",
          "the process ended while the step was under way; whether it took effect is unknown");
    } else {
      next_attempt(r, *p);
    }
  }
}

}  // namespace detail
}}  // namespace stet::v0
