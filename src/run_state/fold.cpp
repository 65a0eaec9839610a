#include <algorithm>

#include "history/attributes.hpp"
#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t arguments_shown_max =
    64;  // bytes of a step's arguments that an operator sees without the history

pending& must_find(run_state& s, const record& r) {
  auto* p = s.find(r.command);
  if (!p)
    throw malformed("a record '" + std::string(to_text(r.kind)) + "' answers command " +
                    std::to_string(r.command.value()) + ", which isn't pending");
  return *p;
}
void remove(run_state& s, const record& r) {
  auto* p = &must_find(s, r);
  bool fits = true;
  if (is_event(r.kind)) fits = answered_by(r.kind) == record_of(p->kind);
  if (r.kind == record_kind::met) fits = p->kind == wait_kind::condition;
  if (!fits)
    throw malformed("a record '" + std::string(to_text(r.kind)) +
                    "' answers a command of another kind");
  s.waits_for.erase(r.command);
}
void read_signal(run_state& s) {
  if (s.unread == 0) throw malformed("a signal is read that isn't there");
  --s.unread;
}
void answer_update(run_state& s) {
  if (s.open_updates == 0) throw malformed("an update is answered that isn't there");
  --s.open_updates;
}
void note_error(pending& p, const record& r) {
  if (!p.more) p.more = std::make_unique<pending::details>();
  p.more->last_error = r.error_text.empty() ? std::string(r.error_type) : std::string(r.error_text);
}
void advance_time(run_state& s, engine_time time) {
  s.clock_time = time;
  s.now = std::max(s.now, time);
}

void apply_command(run_state& s, const record& r, record_lsn lsn) {
  if (!s.waits_for.is_next(r.command))
    throw malformed("command " + std::to_string(r.command.value()) + " is not new");
  if (r.kind == record_kind::condition && (r.flags & flag::condition::holds)) {
    if (r.flags & flag::condition::takes) read_signal(s);
    return;
  }
  auto& p = s.waits_for.add(r.command);
  p.command = r.command;
  p.flags = r.flags;
  p.armed = p.due_since = s.clock_time + r.late;
  p.lsn = lsn;
  p.name = r.name;
  if (r.kind == record_kind::step) {
    p.kind = wait_kind::step;
    if (r.payload.size() <= arguments_shown_max) p.target = r.payload;
  } else if (r.kind == record_kind::sleep) {
    p.kind = wait_kind::sleep;
    p.due = r.flags & flag::sleep::absolute ? engine_time(r.number) : p.armed + r.number;
  } else if (r.kind == record_kind::child) {
    p.kind = wait_kind::child;
    p.child = r.related;
    p.target = r.target;
  } else if (r.kind == record_kind::condition) {
    p.kind = wait_kind::condition;
  } else if (r.kind == record_kind::promise) {
    p.kind = wait_kind::promise;
  } else {
    p.kind = wait_kind::message;
    p.target = r.target;
  }
}

void end(run_state& s, v0::status how, std::string_view outcome) {
  s.status = how;
  s.stalled = false;
  s.outcome = outcome;
  s.waits_for.clear();
  s.undriven = 0;
}

v0::status status_after(const record& terminated) noexcept {
  if (terminated.flags & flag::terminated::timed_out) return v0::status::timed_out;
  if (terminated.flags & flag::terminated::unbegun) return v0::status::cancelled;
  return v0::status::terminated;
}

void describe(run_state& s, const record& r) {
  if (!s.about) s.about = std::make_unique<description>();
  if (r.flags & flag::described::attributes)
    s.about->attributes = merge(s.about->attributes, r.payload);
  if (r.flags & flag::described::memo) s.about->memo = r.payload;
  if (r.flags & flag::described::details) s.about->details = r.payload;
}

void start(run_state& s, const record& r) {
  s.run = r.run;
  s.name_space = r.name_space;
  if (!r.attributes.empty() || !r.memo.empty() || !r.details.empty())
    s.about = std::make_unique<description>(
        description{std::string(r.attributes), std::string(r.memo), std::string(r.details), {}});
  s.id = r.target;
  s.workflow = r.name;
  s.version = r.version;
  s.seed[0] = r.seed[0];
  s.seed[1] = r.seed[1];
  s.secret = r.secret;
  s.started = r.time;
  s.parent = r.related;
  s.parent_command = r.command;
  s.first = r.first ? r.first : r.run;
  s.previous = r.previous;
  s.begins_at = r.begins_at;
  s.run_timeout = r.run_timeout;
  s.execution_deadline = s.deadline = r.execution_deadline;
  if (r.run_timeout > 0) {
    auto begins = std::max(r.time, r.begins_at), end = engine_time::never();
    if (std::int64_t sum = 0; !__builtin_add_overflow(begins.value(), r.run_timeout, &sum))
      end = engine_time(sum);
    s.deadline = s.deadline ? std::min(s.deadline, end) : end;
  }
}

/// Applies a note: a fact about a pending command, or about the run.
void apply_note(run_state& s, const record& r, record_lsn lsn) {
  switch (r.kind) {
    case record_kind::attempt: {
      auto& p = must_find(s, r);
      p.attempt = r.attempt;
      p.at = pending::phase::waiting;
      break;
    }
    case record_kind::retry: {
      auto& p = must_find(s, r);
      p.at = pending::phase::retrying;
      p.attempt = r.attempt;
      p.due = engine_time(r.number);
      p.due_since = r.time;
      p.armed = p.armed + r.late;  // the clock was set meanwhile, by this much
      p.lsn = lsn;
      ++p.failures;
      note_error(p, r);
      break;
    }
    case record_kind::not_started: must_find(s, r).at = pending::phase::not_started; break;
    case record_kind::progress: {
      auto& p = must_find(s, r);
      if (!p.more) p.more = std::make_unique<pending::details>();
      p.more->progress = r.payload;
      p.crashes = 0;  // it made progress: it doesn't kill the process at once
      break;
    }
    case record_kind::suspect:
      if (!r.command) s.crashes = r.attempt;
      else must_find(s, r).crashes = r.attempt;
      break;
    case record_kind::stalled:
      s.stalled = true;
      s.outcome = r.name;
      break;
    case record_kind::resumed:
      s.stalled = false;
      s.crashes = 0;
      s.outcome.clear();
      break;
    case record_kind::moved: s.version = r.name; break;
    case record_kind::written:
    case record_kind::erased: throw malformed("a record of no run is in the history of one");
    default: break;
  }
}

/// Applies the part of an event that counts when it is recorded, driven or not.
void apply_event(run_state& s, const record& r) {
  switch (r.kind) {
    case record_kind::started: start(s, r); break;
    case record_kind::step_failed:
      if (r.flags & flag::step_failed::waits) must_find(s, r).at = pending::phase::ending;
      else remove(s, r);
      break;
    case record_kind::step_done:
    case record_kind::timer_fired:
    case record_kind::child_done:
    case record_kind::child_failed:
    case record_kind::promise_resolved:
    case record_kind::promise_rejected:
    case record_kind::message_done:
    case record_kind::message_failed:
    case record_kind::body_returned: remove(s, r); break;
    case record_kind::signal: ++s.unread; break;
    case record_kind::update: ++s.open_updates; break;
    case record_kind::cancel_requested: s.cancel_requested = true; break;
    default: break;
  }
}

}  // namespace

void apply(run_state& s, const record& r, record_lsn lsn) {
  if ((r.kind == record_kind::started) != (s.records == 0))
    throw malformed(s.records == 0 ? "a run doesn't begin with its start" : "a run starts twice");
  s.applied_lsn = lsn;
  ++s.records;
  if (!s.open()) return;  // late: recorded after the run had ended
  if (is_event(r.kind)) {
    apply_event(s, r);
    if (r.flags & flag::event::undriven) ++s.undriven;
    else advance_time(s, r.time);
    if (r.kind == record_kind::terminated) end(s, status_after(r), r.name);
    return;
  }
  switch (r.kind) {
    case record_kind::step:
    case record_kind::sleep:
    case record_kind::child:
    case record_kind::condition:
    case record_kind::promise:
    case record_kind::message: apply_command(s, r, lsn); break;
    case record_kind::met:
      remove(s, r);
      if (r.flags & flag::met::takes) read_signal(s);
      break;
    case record_kind::update_done:
    case record_kind::update_failed: answer_update(s); break;
    case record_kind::described: describe(s, r); break;
    case record_kind::continued:
      end(s, v0::status::continued_as_new, {});
      s.next = r.related;
      break;
    case record_kind::cancelled:
      if (s.undriven > 0 && !s.find(r.command))
        break;  // answered, but given up before the run saw the answer
      if (r.flags & flag::cancelled::waits) must_find(s, r).at = pending::phase::ending;
      else remove(s, r);
      break;
    case record_kind::completed: end(s, v0::status::completed, r.payload); break;
    case record_kind::failed:
      end(s, v0::status::failed, r.error_text);
      s.error = std::make_unique<failure>(failure_of(r));
      s.code = r.code;
      break;
    case record_kind::ended_cancelled: end(s, v0::status::cancelled, r.name); break;
    case record_kind::driven:
      if (s.undriven == 0) throw malformed("an event drives that isn't there");
      --s.undriven;
      s.begins_at = {};
      advance_time(s, r.time);
      break;
    default: apply_note(s, r, lsn);
  }
}

engine_time wake_of(const run_state& s) noexcept {
  if (!s.open()) return run_state::no_wake;
  auto wake = s.deadline ? s.deadline : run_state::no_wake;
  if (s.stalled) return run_state::wake_at_start;
  if (s.begins_at) return std::min(wake, s.begins_at);
  if (s.undriven > 0 || s.waits_for.empty()) return run_state::wake_at_start;
  for (auto& p : s.waits_for) {
    if (p.kind == wait_kind::step && p.at != pending::phase::retrying)
      return run_state::wake_at_start;
    if (p.kind == wait_kind::step || p.kind == wait_kind::sleep) wake = std::min(wake, p.due);
  }
  return wake;
}

}  // namespace detail
}}  // namespace stet::v0
