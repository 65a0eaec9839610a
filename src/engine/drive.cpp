// What happens to a run: an event is recorded, drives the coroutine, and what it emitted is
// recorded and set going.
#include <algorithm>

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "base/users_exception.hpp"
#include "engine/core.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

/// Of at least one.
record last_record(std::string_view records) {
  record last;
  for (source in(records); !in.done();) last = decode_record(in);
  return last;
}

/// Records that were made for a run don't fit it: the engine's mistake, which ends it.
[[noreturn]] void fail_fold(const malformed& e) {
  auto what = "a record that is made fits its run's history: " + std::string(e.what());
  fail_invariant(what.c_str(), std::source_location::current());
}

}  // namespace

/// Records an event, and drives the run by it if that is possible now. Throws a users_exception if
/// it can't be sealed: then nothing has happened.
void engine_core::happen(resident& r, record e) {
  if (!r.state.open()) return;
  e.run = r.state.run;
  e.time = now_;
  if (options_.resident_runs_max == 0 || STET_RARELY("evict")) evict(r);
  if (!r.state.stalled && r.state.undriven == 0 && ensure_frame(r)) return drive(r, &e);
  happen_later(r, e);
}

/// Records an event; it drives in a turn of its own. Also while another run is driven. Throws as
/// happen() does.
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
  return r.state.open() && !r.state.stalled && r.state.undriven > 0 &&
         time_.is_over(begin_of(r.state));
}

/// A run's own code is about to be entered: what its crash slot says. If the code is suspected,
/// whatever counts its deaths is made durable first.
occupant engine_core::enter_code(const run_state& s, const execution& frame, const code_use& use) {
  auto who = occupant_of(s, frame, use);
  if (suspects_.is_suspected(who)) {
    make_durable();
    who.tried = trial::alone;
  }
  return who;
}

/// Drives by `event`, or by the oldest undriven one (null). Records the event and what it brought,
/// or the event alone, and parks. Throws a users_exception if the event can't be sealed: then
/// nothing has happened.
void engine_core::drive(resident& r, const record* event) {
  failpoint("before drive");
  ensure(is_on_loop(), "runs are driven on the engine's thread");
  ensure(event || r.state.undriven > 0, "what drives a run is an event");
  ensure(r.state.records == 0 || r.state.open(), "only an open run is driven");
  if (!event && r.frame->queued() == 0) return park(r, "an event should drive that isn't there");
  std::string queued;
  record oldest;
  if (!event) oldest = r.frame->take_queued(queued, now_);
  const record& by = event ? *event : oldest;
  out_.clear();
  driven_at_ = by.time;
  scratch_.clear();
  plain_.clear();
  record driven;
  driven.kind = record_kind::driven;
  driven.run = r.state.run;
  driven.time = now_;
  encode(plain_, event ? *event : driven);
  auto of = r.state.records ? owner_of(r.state) : owner_of_new(*event);
  scratch_ += sealed(of, r.state.records, plain_);
  if (!r.frame) {  // only a run that is being created has none here
    auto& d = *definitions_.find(event->name, event->version);
    r.frame = std::make_unique<execution>(d, errors_, this, r.state.run, event->target);
  }
  bool good;
  {
    auto& workflow = r.state.workflow;
    auto who = enter_code(r.state, *r.frame, use_of(by));
    in_workflow here(slots_, suspects_, watchdog_, workflow.empty() ? event->name : workflow,
                     *r.frame, who);
    good = r.frame->deliver(by, out_);
    if (good) good = check_determinism(r, event);
    if (good && !here.offence().empty()) {
      r.frame->reject(here.offence());
      good = false;
    }
  }
  if (!good || !seal_commands(r, of) || !begin_next(r)) {
    if (event) keep_undriven(r, scratch_);
    return park(r, r.frame->problem());
  }
  record_sealed(r, scratch_);
  failpoint("after drive");
  after_drive(r);
}

/// Adds the commands of a drive to its event. False: they can't be sealed, and the run goes no
/// further.
bool engine_core::seal_commands(resident& r, const payload_owner& of) {
  auto event_bytes = scratch_.size();
  try {
    scratch_ += sealed(of, r.state.records + 1, out_.records);
  } catch (const users_exception& e) {
    scratch_.resize(event_bytes);
    r.frame->reject(words_of(e.thrown()));
    return false;
  }
  if (scratch_.size() > journal_.event_bytes_max()) {
    r.frame->reject("what it asks for by one event has " + std::to_string(scratch_.size()) +
                    " bytes, and one commit takes " + std::to_string(journal_.event_bytes_max()) +
                    ": ask for less at a time (map_options::concurrency), or keep() what is long");
    scratch_.resize(event_bytes);
    return false;
  }
  return true;
}

/// Records an event that was meant to drive, and couldn't. It is sealed.
void engine_core::keep_undriven(resident& r, std::string_view event) {
  source in(event);
  auto undriven = decode_record(in);
  undriven.flags |= record_flag::undriven;
  std::string bytes;
  encode(bytes, undriven);
  record_sealed(r, bytes);
}

/// Lengths of time count from when they are asked for, not from the event that drives the run.
std::int64_t engine_core::late_by() noexcept {
  not_user_code here;  // it looks at the clock
  return std::max<std::int64_t>(time_.measure() - driven_at_, 0);
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
    if (!is_of_one_run(e)) throw;
    if (e.code() == errc::payload) return true;  // it can't be opened now, and tells nothing
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

/// Seals records and records them. Throws a users_exception if they can't be sealed: then nothing
/// has happened.
void engine_core::append(resident& r, std::string_view plain) {
  record_sealed(r, sealed(owner_of(r.state), r.state.records, plain));
}

/// Folds records into the run and adds them to the block. The one place where anything of a run is
/// recorded. No users' code is called from here on: what fails now is the engine's, and ends it.
void engine_core::record_sealed(resident& r, std::string_view records) {
  try {
    fold(r, records);
  } catch (const malformed& e) { fail_fold(e); }
}

/// What a run will be when these records, sealed, are recorded: of a new run, of one that has set
/// its memo just now. Nothing is recorded.
run_state engine_core::state_behind(const run_state& s, std::string_view records) const {
  run_state behind;
  try {
    if (s.records > 0) {
      std::string bytes;
      encode(bytes, s);
      behind = decode_run_state(bytes);
    }
    auto lsn = journal_.last_lsn();
    for (source in(records); !in.done();) apply(behind, decode_record(in), ++lsn);
  } catch (const malformed& e) { fail_fold(e); }
  return behind;
}

void engine_core::fold(resident& r, std::string_view records) {
  std::uint32_t count = 0;
  auto lsn = journal_.last_lsn();
  bool has_event = false;
  for (source in(records); !in.done(); ++count) {
    auto rec = decode_record(in);
    has_event |= is_event(rec.kind);
    note_orphans(r.state, rec);
    apply(r.state, rec, ++lsn);
    if (rec.kind == record_kind::sleep)
      timers_.add(look_at(*r.state.find(rec.command)), r.state.run);
  }
  mark_dirty(r, journal_.last_lsn() + 1);
  r.last_lsn = journal_.append(records, count);
  ensure(r.last_lsn == lsn, "the journal counts records as the run does");
  ensure(r.state.applied_lsn == lsn, "a run has all of its records");
  if (has_event && !writes_of_event_.empty())
    state_.stage(std::exchange(writes_of_event_, {}), journal_.riders());
  r.unsaved += records;
}

void engine_core::note(resident& r, record n) {
  n.run = r.state.run;
  std::string bytes;
  encode(bytes, n);
  append(r, bytes);
}

/// Of what has to be recorded for the engine's own reasons: if its texts can't be sealed now, it is
/// recorded without them, and the listener hears of it.
void engine_core::surely(way_to_record way, resident& r, record& e) {
  try {
    (this->*way)(r, e);
  } catch (const users_exception& why) {
    listener_.problem(words_of(why.thrown()) + "; it is recorded without it");
    if (!e.payload.empty() && !e.error_type.empty())
      e.error_type = "stet::error";  // its own is lost
    payloads::strip(e);
    (this->*way)(r, e);
  }
}

void engine_core::after_drive(resident& r) {
  touch(r);
  tell_updaters(r);
  // Its code came through: it isn't the one that always kills.
  if (r.state.crashes && r.state.open() && !suspects_.has_code_of(r.state.run)) {
    record n;
    n.kind = record_kind::suspect;
    note(r, n);
  }
  // out_ belongs to the next drive as soon as one begins: other runs are only recorded here, and
  // drive later.
  for (auto& i : out_.begun)
    if (i.what) set_going(r, i);
  if (!r.state.open()) end_run(r, last_record(out_.records));
  see_to_orphans();
  if (options_.resident_runs_max == 0) evict(r);
  else keep_within_residency();
}

/// Does what the run has just asked for. Children and messages also if the same event has ended
/// it: they were asked for before; the body of a step ends with its run.
void engine_core::set_going(resident& r, const intent& i) {
  if (STET_SEEDED(drop_last_intents) && !r.state.open()) return;
  auto& q = *i.what;
  if (q.kind == command_kind::child) start_child(r, q, i.child);
  else if (q.kind == command_kind::message) send_message(r, q);
  else if (auto* p = r.state.find(i.command)) begin_step(r, q, p->attempt);
}

void engine_core::start_child(resident& parent, request& q, std::uint64_t run) {
  auto fail = [&](std::string_view type, const std::string& text) {
    fail_command(parent, record_kind::child_failed, q, errc::child_failed, type, text);
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
  try {
    create(start, true);
  } catch (const users_exception& e) { fail("stet::error", words_of(e.thrown())); }
}

/// What a run asks for can't be done: it is told, or the listener where it has ended by now.
void engine_core::fail_command(resident& r, record_kind how, const request& q, errc code,
                               std::string_view type, const std::string& text) {
  if (!r.state.open())
    return listener_.problem("the run '" + r.state.id + "' has ended, and what it asked '" +
                             q.target + "' for last can't be done: " + text);
  fail_pending(r, how, q.id, code, type, text);
}

/// Something that it waits for can't be done.
void engine_core::fail_pending(resident& r, record_kind how, std::uint32_t command, errc code,
                               std::string_view type, const std::string& text) {
  record e;
  e.kind = how;
  e.command = command;
  e.attempt = 1;
  e.code = code;
  e.error_type = type;
  e.error_text = text;
  surely(&engine_core::happen_later, r, e);
}

/// Today's code, or the history, doesn't fit: the run stays as it is until a build that does. The
/// reason is a copy, since it may be a text of the frame, which ends here.
void engine_core::park(resident& r,
                       std::string reason) {  // NOLINT(performance-unnecessary-value-param)
  reason = on_one_line(reason);
  for (auto* a : r.attempts) {
    if (!a->revoke()) {
      ask_to_return(*a);
    } else if (counts(*a)) {  // the run may be resumed before it is back
      note_not_started(r, *a);
      a->left_behind = true;
    }
  }
  evict_at_last(r);
  if (!r.state.stalled || shown_outcome(r.state) != reason) {
    listener_.problem("run " + shown(r.state.id) + " of workflow " + shown(r.state.workflow) +
                      " is stalled: " + reason);
    record n;
    n.kind = record_kind::stalled;
    n.time = now_;
    n.name = reason;
    surely(&engine_core::note, r, n);
    look_again(r);  // the index says only that it is tried again at a start
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
