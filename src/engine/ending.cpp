// What a run owes when it ends, and to whom. All of it is recorded in the block that has the end's
// own record, so it is durable with it or has not happened.
//
// A run owes:
//  - to the run that continues it: what was sent to it and what it has not seen (hand_over);
//  - what it asked for in its last event: see after_drive;
//  - an answer to everybody who waits: callers of result() and of updates, runs that called it, its
//    parent;
//  - to its children: what their parent_close says (see_to_orphans).
// What is for a run whose snapshot can't be read is kept for it (engine/debts.cpp).
//
// Behind the record of an end nothing may be given up because something of this run can't be read:
// each debt is paid by itself, and one that can't be is told to the listener.
#include <algorithm>
#include <map>

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "base/users_exception.hpp"
#include "engine/calls.hpp"
#include "engine/core.hpp"
#include "journal/checkpoint.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

/// What becomes of an event that a run was sent and has not seen, when another run continues it.
enum class fate {
  over,     // it answers what the run itself had asked for, and that ends with the run
  carried,  // it goes over to the next run
  refused,  // nobody can read it any more
};

/// A run that ends for good owes nothing for signals, cancellations and answers to what it asked
/// for; who sent an update is told that the run has ended: fail_updaters, fail_callers.
fate fate_of(record_kind unseen) {
  const bool is_lost = unseen == record_kind::cancel_requested ? STET_SEEDED(forget_owed_cancel)
                                                               : STET_SEEDED(lose_unread);
  switch (unseen) {
    case record_kind::signal:
    case record_kind::update:
    case record_kind::cancel_requested: return is_lost ? fate::over : fate::carried;
    case record_kind::promise_resolved:
    case record_kind::promise_rejected: return fate::refused;
    case record_kind::started:
    case record_kind::step_done:
    case record_kind::step_failed:
    case record_kind::timer_fired:
    case record_kind::child_done:
    case record_kind::child_failed:
    case record_kind::body_returned:
    case record_kind::message_done:
    case record_kind::message_failed: return fate::over;
    default: throw malformed("a record '" + std::string(to_text(unseen)) + "' is no event");
  }
}

}  // namespace

/// The run has just ended by `end`, which is recorded: gives everybody what it owes them.
void engine_core::end_run(resident& r, const record& end) {
  ensure(!r.state.open() && is_end(end.kind), "a run ends by the record of its end");
  ensure(in_memory(r.state.run) == &r, "a run that ends is found by its number");
  for (auto* a : r.attempts) {
    if (!a->revoke()) ask_to_return(*a);
    leave_behind(*a);
  }
  tell_waiters(r);
  if (!r.updaters.empty())
    fail_updaters(r, error(errc::run_ended, r.state.id,
                           "the run " + shown(r.state.id) + " has ended without an answer"));
  if (!r.state.next) {
    fail_callers(r);
    tell_parent(r, end);
  }
  ended_.push_back(r.state.run);
  plan_sweep(r.state);
  evict(r);
}

/// Ends a run without its code. `flags` of the record say why. Not for whoever goes through the
/// orphans: it sees to those that come of this.
void engine_core::end_from_outside(resident& r, std::string_view reason, std::uint8_t flags) {
  if (!r.state.open() && !STET_SEEDED(go_on_behind_end)) return;
  record e;
  e.kind = record_kind::terminated;
  e.flags = flags;
  e.time = now_;
  e.name = reason;
  surely(&engine_core::note, r, e);
  end_run(r, e);
}

void engine_core::terminate(resident& r, std::string_view reason, std::uint8_t flags) {
  end_from_outside(r, reason, flags);
  see_to_orphans();
}

/// A run that was to begin later is cancelled: none of its code has run, and none will.
void engine_core::end_unbegun(resident& r, std::string_view reason) {
  record e;
  e.kind = record_kind::cancel_requested;
  e.flags = record_flag::undriven;
  e.time = now_;
  e.name = reason;
  surely(&engine_core::note, r, e);
  end_from_outside(r, reason, record_flag::unbegun);
}

// ---------------------------------------------------------------- to the next run

/// The run that continues this one, if one is to, is recorded before the end of this one, in the
/// same commit. False: it can't be sealed, or what it takes over can't be opened now; then neither
/// happens.
bool engine_core::begin_next(resident& r) {
  if (!r.frame->continues()) return true;
  // What this drive has brought isn't recorded yet, its start neither if it is the first one.
  auto behind = state_behind(r.state, scratch_);
  auto here = journal_.here();
  std::string why;
  try {
    continue_run(r, behind);
    return true;
  } catch (const users_exception& e) { why = words_of(e.thrown()); } catch (const error& e) {
    if (e.code() != errc::payload) throw;
    why = e.what();
  }
  journal_.go_back(here);
  if (auto* next = in_memory(r.frame->continues()->run)) forget_run(*next);
  ids_[id_key(namespace_of(behind), behind.id)] = behind.run;
  r.frame->reject(why);
  return false;
}

/// Begins the run that continues it, with the same id. `s`: what it is at its end. Throws if
/// something can't be sealed or opened: then begin_next takes back what is recorded.
void engine_core::continue_run(resident& r, const run_state& s) {
  if (s.run_timeout) look_at_time();  // it counts from here
  auto& next = *r.frame->continues();
  ensure(next.run > s.run && s.run >= s.first, "the numbers of a chain rise");
  record start;
  start.run = next.run;
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
  std::string memo, details;
  if (s.about) {
    memo = payloads_.open(s.about->memo, owner_of(s), {record_kind::started, payload_field::memo});
    details = payloads_.open(s.about->details, owner_of(s),
                             {record_kind::started, payload_field::details});
    start.attributes = s.about->attributes;
  }
  start.memo = memo;
  start.details = details;
  auto created = create(start, true);
  auto updates = hand_over(r, s.id, *created);
  // From here on nothing fails.
  move_updaters(r, *created, updates);
  remember_sent(*r.frame, s);
}

/// What it was sent and has not seen. Returns the ids of the updates that went over.
std::vector<std::string> engine_core::hand_over(resident& r, std::string_view id, resident& next) {
  std::vector<std::string> updates;
  const auto begun = journal_.here();
  for (auto& bytes : r.frame->unseen()) {
    source in(bytes);
    auto e = decode_record(in);
    switch (fate_of(e.kind)) {
      case fate::over: break;
      case fate::carried:
        if (e.kind == record_kind::update) {
          e.flags = record_flag::unasked | (e.flags & record_flag::unnamed);
          updates.emplace_back(e.target);
        }
        happen_later(next, e);
        if (journal_.is_too_much_since(begun))
          throw error(errc::payload, id,
                      "what the run " + shown(id) +
                          " was sent and has not read has more bytes than one commit takes, " +
                          std::to_string(journal_.event_bytes_max()) +
                          ": it has to read before it continues as new");
        break;
      case fate::refused: {
        auto* of = r.frame->find(e.command);
        listener_.problem("the run " + shown(id) +
                          " has continued as new before it saw the answer to its promise " +
                          shown(of ? of->name : "?") + ": nobody will read it");
      }
    }
  }
  return updates;
}

/// Who waits for an update that went over waits there.
void engine_core::move_updaters(resident& r, resident& next, const std::vector<std::string>& ids) {
  for (auto& id : ids)
    std::erase_if(r.updaters, [&](update_call* c) {
      if (c->outcome.id != id) return false;
      c->of.run = c->outcome.run = next.state.run;
      next.updaters.push_back(c);
      return true;
    });
}

// ---------------------------------------------------------------- to those who wait

void engine_core::tell_waiters(resident& r) {
  for (auto* w : std::exchange(r.waiters, {})) {
    bool answered = true;
    try {
      answered = await_outcome(*w);  // of a run that was continued: it waits for the next one
    } catch (const store_error&) { throw; } catch (const error&) {
      w->fails(std::current_exception());
    }
    if (answered) answer(*w, r.last_lsn);
  }
}

/// Runs that have called it, and have no answer yet.
void engine_core::fail_callers(resident& r) {
  if (r.state.open_updates == 0) return;
  std::vector<caller> calls;
  try {
    for (auto& id : updates_of(r))
      if (auto who = caller_of(id)) calls.push_back(*who);
  } catch (const store_error&) {
    throw;
  } catch (const error& e) {  // damaged, or not to be read now
    listener_.problem(std::string(e.what()) +
                      ": who called it is found by what the callers' own states say");
    calls = waiting_for(namespace_of(r.state), r.state.id, command_kind::message);
  }
  fail_calls(calls, "the run '" + r.state.id + "' has ended without an answer");
}

/// The ids of all updates that it was ever sent. Throws errc::corrupt.
std::vector<std::string> engine_core::updates_of(resident& r) {
  std::vector<std::string> ids;
  for_each_record(r, [&](const record& rec) {
    if (rec.kind == record_kind::update) ids.emplace_back(rec.target);
  });
  return ids;
}

/// `end`: the record that has ended it, as it was before it was sealed.
void engine_core::tell_parent(resident& r, const record& end) {
  if (!r.state.parent) return;
  if (STET_SEEDED(lose_child_answer) && !in_memory(r.state.parent)) return;
  auto parent = load(r.state.parent);
  if (!parent) return owe_a_look(r.state.parent);
  if (!parent->state.open()) return;
  auto* waits = parent->state.find(r.state.parent_command);
  if (!waits || waits->child != r.state.first) return;
  record e;
  e.kind = record_kind::child_failed;
  e.command = r.state.parent_command;
  e.code = errc::child_failed;
  e.attempt = 1;
  switch (r.state.status) {
    case status::completed:
      e.kind = record_kind::child_done;
      e.payload = end.payload;
      break;
    case status::failed:
      e.attempt = end.attempt;
      e.payload = end.payload;
      e.error_type = end.error_type;
      e.error_text = end.error_text;
      e.error_path = end.error_path;
      break;
    case status::cancelled:
      e.error_type = "stet::run_cancelled";
      e.error_text = end.name;
      break;
    case status::timed_out:
      e.error_type = "stet::run_timed_out";
      e.error_text = end.name;
      break;
    default: e.error_type = "stet::run_terminated"; e.error_text = end.name;
  }
  if (e.kind == record_kind::child_failed) return surely(&engine_core::happen_later, *parent, e);
  try {
    happen_later(*parent, e);
  } catch (const users_exception& why) {  // its result can't be sealed for the parent
    fail_pending(*parent, record_kind::child_failed, e.command, errc::child_failed, "stet::error",
                 words_of(why.thrown()));
  }
}

// ---------------------------------------------------------------- to its children

/// Notes which children a record that is about to be folded makes orphans.
void engine_core::note_orphans(run_state& s, const record& rec) {
  if (STET_SEEDED(lose_orphans)) return;
  auto note = [&](const pending& p, bool ends, const char* why) {
    orphans_.push_back({p.child, std::string(namespace_of(s)), p.target, ends, why});
  };
  if (rec.kind == record_kind::cancelled) {
    auto* p = s.waits_for.find(rec.command);
    if (p && p->kind == command_kind::child)
      note(*p, false, "its parent doesn't wait for it any more");
  }
  if (!is_end(rec.kind)) return;
  auto* why =
      rec.kind == record_kind::terminated ? "its parent was terminated" : "its parent has ended";
  for (auto& p : s.waits_for)
    if (p.kind == command_kind::child && !(p.flags & record_flag::abandons))
      note(p, !(p.flags & record_flag::asks_to_end), why);
}

/// Children whose parent has ended, or waits for them no longer; then those of these, and so on: a
/// family of any depth, one after the other.
void engine_core::see_to_orphans() {
  while (!orphans_.empty()) {
    auto o = std::move(orphans_.front());
    orphans_.pop_front();
    try {
      auto child = chain_of({o.run, o.name_space, o.id});
      if (!child) continue;  // it couldn't be started
      if (o.ends) end_from_outside(*child, o.why);
      else request_cancel(*child, o.why);
    } catch (const unreadable_run& e) {
      owe(e.run(), {o.ends ? debt_kind::end : debt_kind::cancel, o.run, o.why});
    }
  }
}

void engine_core::request_cancel(resident& r, std::string_view reason) {
  if (!r.state.open() || r.state.cancel_requested) return;
  if (r.state.begins_at && !STET_SEEDED(begin_cancelled)) return end_unbegun(r, reason);
  record e;
  e.kind = record_kind::cancel_requested;
  e.name = reason;
  // In a turn of its own: this may be called while another run is driven.
  surely(&engine_core::happen_later, r, e);
}

}  // namespace detail
}}  // namespace stet::v0
