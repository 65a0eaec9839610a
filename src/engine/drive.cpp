// What happens to a run: an event is recorded, drives the coroutine, and what it emitted is
// recorded and set going.
#include <algorithm>

#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "engine/core.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Records an event, and drives the run by it if that is possible now.
void engine_core::happen(resident& r, record e) {
  if (!r.state.open()) return;
  e.run = r.state.run;
  e.time = now_;
  if (options_.resident_runs_max == 0 || STET_RARELY("evict")) evict(r);
  if (!r.state.stalled && r.state.undriven == 0 && ensure_frame(r)) return drive(r, &e);
  happen_later(r, e);
}

/// Records an event; it drives in a turn of its own. Also while another run is driven.
void engine_core::happen_later(resident& r, record e) {
  e.flags |= record_flag::undriven;
  e.run = r.state.run;
  e.time = now_;
  std::string bytes;
  encode(bytes, e);
  append(r, bytes);
  if (r.frame) r.frame->queue(bytes);
  if (!r.state.stalled) enqueue(r);
}

/// An event drives now: there is one, and nothing forbids it.
bool engine_core::may_drive(const resident& r) const noexcept {
  return r.state.open() && !r.state.stalled && r.state.undriven > 0 && r.state.begins_at <= now_;
}

/// Drives by `event`, or by the oldest undriven one (null). Records the event and what it brought,
/// or nothing and parks.
void engine_core::drive(resident& r, const record* event) {
  failpoint("before drive");
  out_.clear();
  if (!r.frame) {  // only a run that is being created has none here
    auto& d = *definitions_.find(event->name, event->version);
    r.frame = std::make_unique<execution>(d, errors_, this, r.state.run, event->target);
  }
  bool good;
  {
    auto& workflow = r.state.workflow;
    in_workflow here(slots_, watchdog_, workflow.empty() ? event->name : workflow, *r.frame,
                     r.suspected);
    good = event ? r.frame->deliver(*event, out_) : r.frame->drive_next(now_, out_);
    if (good) good = check_determinism(r, event);
    if (good && !here.offence().empty()) {
      r.frame->reject(here.offence());
      good = false;
    }
  }
  scratch_.clear();
  if (!good) {
    if (event) {
      auto undriven = *event;
      undriven.flags |= record_flag::undriven;
      encode(scratch_, undriven);
      append(r, scratch_);
    }
    return park(r, r.frame->problem());
  }
  record driven;
  driven.kind = record_kind::driven;
  driven.run = r.state.run;
  driven.time = now_;
  encode(scratch_, event ? *event : driven);
  scratch_ += out_.records;
  append(r, scratch_);
  failpoint("after drive");
  after_drive(r);
}

/// Every so many events: does a replay of everything come to the same? A long history is replayed
/// the more rarely, or a step would cost the more the longer its run is.
bool engine_core::check_determinism(resident& r, const record* event) {
  if (options_.replay_check_interval == 0) return true;
  std::uint64_t interval = options_.replay_check_interval;
  if (interval > 1) interval = std::max(interval, r.state.records * 2 / 5);
  if (++events_since_check_ < interval) return true;
  events_since_check_ = 0;
  std::string history;
  try {
    history = history_of(r);
  } catch (const error& e) {
    if (e.code() != errc::payload) throw;
    r.frame->reject(e.what());
    return false;
  }
  record driven;
  driven.kind = record_kind::driven;
  driven.time = now_;
  encode(history, event ? *event : driven);
  history += out_.records;
  auto* d = r.state.records ? definitions_.find(r.state.workflow, r.state.version)
                            : definitions_.find(event->name, event->version);
  execution shadow(*d, errors_, nullptr, r.frame ? r.state.run : event->run, r.frame->id());
  drive_output work;
  if (shadow.replay(history, work) || shadow.starved()) return true;
  r.frame->reject("the workflow isn't deterministic; a replay right after the event differs: " +
                  shadow.problem());
  return false;
}

/// Seals records, folds them into the run and adds them to the block. The one place where anything
/// is recorded.
void engine_core::append(resident& r, std::string_view plain) {
  auto records = sealed(r, plain);
  std::uint32_t count = 0;
  auto lsn = journal_.last_lsn();
  for (source in(records); !in.done(); ++count) {
    auto rec = decode_record(in);
    if (rec.kind == record_kind::cancelled) {
      auto* p = r.state.find(rec.command);
      if (p && p->kind == command_kind::child) orphans_.emplace_back(p->child, false);
    } else if (is_end(rec.kind)) {
      for (auto& p : r.state.waits_for)
        if (p.kind == command_kind::child && !(p.flags & record_flag::abandons))
          orphans_.emplace_back(p.child, !(p.flags & record_flag::asks_to_end));
    }
    apply(r.state, rec, ++lsn);
    if (rec.kind == record_kind::sleep)
      timers_.add(due_of(*r.state.find(rec.command)), r.state.run);
  }
  mark_dirty(r, journal_.last_lsn() + 1);
  r.last_lsn = journal_.append(records, count);
  if (!writes_of_event_.empty())
    state_.stage(std::exchange(writes_of_event_, {}), journal_.riders());
  r.unsaved += records;
}

void engine_core::note(resident& r, record n) {
  n.run = r.state.run;
  std::string bytes;
  encode(bytes, n);
  append(r, bytes);
}

void engine_core::after_drive(resident& r) {
  touch(r);
  tell_updaters(r);
  if (r.state.crashes &&
      r.state.open()) {  // its code came through: it isn't the one that always kills
    record n;
    n.kind = record_kind::suspect;
    note(r, n);
  }
  // out_ belongs to the next drive as soon as one begins: children are only recorded here, and
  // drive later.
  for (auto [id, q] : out_.begun) {
    auto* p = r.state.find(id);
    if (!p) continue;  // given up in the same drive, and perhaps gone
    if (q->kind == command_kind::child) start_child(r, *q);
    else if (q->kind == command_kind::message) send_message(r, *q);
    else begin_step(r, *q, p->attempt);
  }
  if (!r.state.open()) {
    if (r.state.next) continue_run(r);
    end_run(r);
  }
  see_to_orphans("its parent has ended", "its parent doesn't wait for it any more");
  if (options_.resident_runs_max == 0) evict(r);
  else keep_within_residency();
}

void engine_core::start_child(resident& parent, request& q) {
  auto run = parent.state.find(q.id)->child;
  auto fail = [&](std::string_view type, const std::string& text) {
    fail_command(parent, record_kind::child_failed, q.id, errc::child_failed, type, text);
  };
  if (!definitions_.newest(q.name))
    return fail("stet::unknown_workflow",
                "no workflow " + shown(q.name) + " is defined in this program");
  if (q.target.empty() || q.target.size() > id_bytes_max)
    return fail("stet::usage", "a child's id is 1 to " + std::to_string(id_bytes_max) +
                                   " bytes, this one has " + std::to_string(q.target.size()));
  if (latest_run(namespace_of(parent.state), q.target) != 0)
    return fail("stet::conflict", "there is a run with the id " + shown(q.target) + " already");
  record start;
  start.run = run;
  start.related = parent.state.run;
  start.command = q.id;
  start.name = q.name;
  start.target = q.target;
  start.payload = q.arguments;
  start.name_space = parent.state.name_space;
  auto& child = static_cast<child_request&>(q);
  start.attributes = child.attributes;
  start.memo = child.memo;
  create(start, true);
}

/// The run that continues it: with the same id, and what nobody has read.
void engine_core::continue_run(resident& r) {
  auto unread = r.frame->unread();
  auto waiting = r.frame->waiting_updates();
  auto& s = r.state;
  auto& next = *r.frame->continues();
  record start;
  start.run = s.next;
  start.related = s.parent;
  start.command = s.parent_command;
  start.name = next.workflow;
  start.target = s.id;
  start.payload = next.arguments;
  start.first = s.first;
  start.previous = s.run;
  start.run_timeout = s.run_timeout;
  start.execution_deadline = s.execution_deadline;
  start.name_space = s.name_space;
  auto [memo, details] = memo_and_details(s);
  if (s.about) start.attributes = s.about->attributes;
  start.memo = memo;
  start.details = details;
  auto created = create(start, true);
  for (auto& m : unread) {
    record e;
    e.kind = record_kind::signal;
    e.name = m.name;
    e.target = m.key;
    e.payload = m.payload;
    happen_later(*created, e);
  }
  for (auto& w : waiting) {
    record e;
    e.kind = record_kind::update;
    e.flags = record_flag::unasked;
    e.name = w.name;
    e.target = w.id;
    e.payload = w.arguments;
    happen_later(*created, e);
    std::erase_if(r.updaters, [&](update_call* c) {
      if (c->outcome.id != w.id) return false;
      c->of.run = c->outcome.run = created->state.run;
      created->updaters.push_back(c);
      return true;
    });
  }
}

/// A command of a run can't be done.
void engine_core::fail_command(resident& r, record_kind how, std::uint32_t command, errc code,
                               std::string_view type, std::string_view text) {
  record e;
  e.kind = how;
  e.command = command;
  e.attempt = 1;
  e.code = code;
  e.error_type = type;
  e.error_text = text;
  happen_later(r, e);
}

/// The run has just ended: tells who waits, and lets go of what it had.
void engine_core::end_run(resident& r) {
  for (auto* a : r.attempts) {
    if (!a->revoke()) a->ask_to_stop();
    leave_behind(*a);
  }
  for (auto* w : std::exchange(r.waiters, {}))
    if (await_outcome(*w)) answer(*w, r.last_lsn);
  fail_updaters(r, error(errc::run_ended, r.state.id,
                         "the run " + shown(r.state.id) + " has ended without an answer"));
  fail_callers(r);
  if (r.state.parent && !r.state.next) tell_parent(r);
  ended_.push_back(r.state.run);
  plan_sweep(r.state);
  evict(r);
}

void engine_core::tell_parent(resident& r) {
  if (STET_SEEDED(lose_child_answer) && !in_memory(r.state.parent)) return;
  auto parent = load(r.state.parent);
  if (!parent || !parent->state.open() || !parent->state.find(r.state.parent_command)) return;
  if (parent->state.find(r.state.parent_command)->child != r.state.first) return;
  record e;
  e.command = r.state.parent_command;
  e.kind =
      r.state.status == status::completed ? record_kind::child_done : record_kind::child_failed;
  std::string text, path;
  failure f;
  if (r.state.status == status::completed) {
    text = result_of(r.state);
    e.payload = text;
  } else {
    e.code = errc::child_failed;
    e.attempt = 1;
    e.error_type = r.state.status == status::cancelled   ? "stet::run_cancelled"
                   : r.state.status == status::timed_out ? "stet::run_timed_out"
                                                         : "stet::run_terminated";
    text = shown_outcome(r.state);
    e.error_text = text;
    if (r.state.error) {
      f = failure_of(r.state);
      set_failure(e, f, path);
    }
  }
  happen_later(*parent, e);
}

void engine_core::request_cancel(resident& r, std::string_view reason) {
  if (!r.state.open() || r.state.cancel_requested) return;
  record e;
  e.kind = record_kind::cancel_requested;
  e.name = reason;
  happen_later(r, e);  // in a turn of its own: this may be called while another run is driven
}

/// Ends a run without its code. `flags` of the record say why.
void engine_core::terminate(resident& r, std::string_view reason, std::uint8_t flags) {
  if (!r.state.open() && !STET_SEEDED(go_on_behind_end)) return;
  record e;
  e.kind = record_kind::terminated;
  e.flags = flags;
  e.run = r.state.run;
  e.time = now_;
  e.name = reason;
  std::string bytes;
  encode(bytes, e);
  append(r, bytes);
  end_run(r);
  see_to_orphans("its parent was terminated", "its parent was terminated");
}

/// Children whose parent has ended, or waits for them no longer.
void engine_core::see_to_orphans(std::string_view ended, std::string_view given_up) {
  for (auto [run, end] : std::exchange(orphans_, {})) {
    auto child = load(run);
    if (!child) continue;
    child = last_of_chain(std::move(child));
    if (end) terminate(*child, ended);
    else request_cancel(*child, given_up);
  }
}

/// Today's code, or the history, doesn't fit: the run stays as it is until a build that does. The
/// reason is a copy, since it may be a text of the frame, which ends here.
void engine_core::park(resident& r,
                       std::string reason) {  // NOLINT(performance-unnecessary-value-param)
  reason = on_one_line(reason);
  for (auto* a : r.attempts)
    if (!a->revoke()) a->ask_to_stop();
  evict(r);
  if (!r.state.stalled || shown_outcome(r.state) != reason) {
    listener_.problem("run " + shown(r.state.id) + " of workflow " + shown(r.state.workflow) +
                      " is stalled: " + reason);
    record n;
    n.kind = record_kind::stalled;
    n.time = now_;
    n.name = reason;
    note(r, n);
  }
  for (auto* w : std::exchange(r.waiters, {})) {
    (void)await_outcome(*w);
    answer(*w, r.last_lsn);
  }
  fail_updaters(r, stalled_error(r.state));
}

/// Between drives: a block that has grown large is written, so that memory stays bounded.
void engine_core::relieve() {
  if (journal_.filling_bytes() <= options_.tail_bytes_max / 4) return;
  wait_for_commit();
  commit();
}

}  // namespace detail
}}  // namespace stet::v0
