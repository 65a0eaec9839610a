// From what the store holds to runs that go on.
#include <algorithm>

#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "engine/core.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::int64_t clock_slack_ms = 1000;  // a clock that is behind by less wasn't set back
// First all runs go on, then they are checkpointed: so many tails may be kept meanwhile.
constexpr std::size_t tail_factor_at_start = 4;

}  // namespace

void engine_core::recover() {
  failpoint("before recovery");
  tick();
  started_at_ = now_;
  journal_.open([&](const record& r, std::string_view bytes, std::uint64_t lsn) {
    recover_record(r, bytes, lsn);
  });
  counters_.load(*store_);
  if (!lost_.empty()) journal_pinned_ = true;  // their records are all that is left of them
  auto behind = journal_.time_at_open() - now_;
  if (behind > 0 && behind <= clock_slack_ms) {  // rounding, or a clock that is being slewed: time
                                                 // goes on from where it was
    started_at_ = now_ = anchor_now_ = journal_.time_at_open();
    anchor_steady_ = steady_ms();
  }
  clock_was_set_back_ = behind > clock_slack_ms;
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
  if (!ready_.empty()) tail_limit_ *= tail_factor_at_start;
  failpoint("after recovery");
}

/// A record of the journal: folded into its run, unless the run's snapshot has it already.
void engine_core::recover_record(const record& rec, std::string_view bytes, std::uint64_t lsn) {
  if (rec.kind == record_kind::written) return;  // what was written is in the store
  if (rec.kind == record_kind::erased) {
    if (auto* gone = in_memory(rec.related)) forget_run(*gone);
    lost_.erase(rec.related);
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
      if (auto loaded = load(rec.run)) {
        r = &*loaded;
        recovered_.push_back(std::move(loaded));
      }
    }
    if (!r) {
      lost_.insert(rec.run);
      return;
    }
  }
  if (lsn <= r->state.applied_lsn && !STET_SEEDED(ignore_snapshot_lsn))
    return note_latest(*r);  // its snapshot may be that of a later run than the journal's last
  try {
    apply(r->state, rec, lsn);
  } catch (const malformed& e) {
    r->state.stalled = true;
    r->state.outcome = std::string("its history doesn't make sense: ") + e.what();
    listener_.problem("run " + shown(r->state.id) + " is stalled: " + r->state.outcome);
  }
  note_latest(*r);
  r->last_lsn = lsn;
  r->unsaved += bytes;
  mark_dirty(*r, lsn);
}

/// Its id finds it, if no later run has the same.
void engine_core::note_latest(const resident& r) {
  auto& latest = ids_[id_key(namespace_of(r.state), r.state.id)];
  latest = std::max(latest, r.state.run);
}

std::optional<run_state> engine_core::load_behind(std::uint64_t run) {
  try {
    return read_snapshot(*store_, run);
  } catch (const malformed&) {
    return std::nullopt;  // the journal has it from its first record on
  }
}

/// Who was in user code when the last process died. Those among them that were being tried alone
/// are one death nearer to their conviction; all of them are tried alone from now on.
void engine_core::suspect(const std::vector<occupant>& who) {
  for (auto& o : who) {
    auto r = load(o.run);
    if (!r || !r->state.open()) continue;
    auto* p = o.command ? r->state.find(o.command) : nullptr;
    if (o.command && (!p || p->attempt != o.attempt)) continue;  // its outcome stood already
    if (o.command) suspects_.emplace(o.run, o.command);
    else r->suspected = true;
    if (!o.suspected) continue;
    record n;
    n.kind = record_kind::suspect;
    n.command = o.command;
    n.attempt = (p ? p->crashes : r->state.crashes) + 1;
    note(*r, n);
  }
}

std::string why_quarantined(const run_state& s) {
  return "its code brought the process down " + std::to_string(s.crashes) +
         " times: engine::resume lets it try again";
}

/// A run that comes into memory for the first time: what a crash or a close cut short is seen to.
void engine_core::resume(resident& r) {
  failpoint("resume");
  r.resumed = true;
  if (options_.max_crashes && r.state.crashes >= options_.max_crashes)
    return park(r, why_quarantined(r.state));
  if (r.state.begins_at > now_) return arm(r);
  if (!ensure_frame(r)) return;
  resume_pending(r);
  while (may_drive(r) && ensure_frame(r)) drive(r, nullptr);
  if (r.state.open() && !r.state.stalled) arm(r);
  r.suspected = false;
  wake_run(r);
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
    } else if (options_.max_crashes && p->crashes >= options_.max_crashes) {
      fail_step(r, *p, errc::step_crashed, "stet::step_crashed",
                "the process died " + std::to_string(p->crashes) +
                    " times while this step alone was under suspicion");
    } else if (p->at == pending::phase::waiting && (p->flags & record_flag::at_most_once) &&
               !STET_SEEDED(repeat_at_most_once)) {
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
