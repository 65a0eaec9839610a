#include "engine/drive/ending.hpp"

#include <algorithm>

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "base/users_exception.hpp"
#include "engine/services/failures.hpp"
#include "history/make.hpp"

namespace stet { inline namespace v0 { namespace detail {

void ending::end_run(resident& r, const record& end) {
  ensure(!r.state.open() && is_end(end.kind), "a run ends by the record of its end");
  ensure(runs_.table.find(r.state.run) == &r, "a run that ends is found by its number");
  for (auto* a : r.attempts) {
    if (!a->revoke()) desk_.ask_to_return(*a);
    desk_.leave_behind(*a);
  }
  waiting_calls_.tell_end(r);
  commit_.answer_watchers(r);  // the run may be erased in this turn
  if (!r.updaters.empty())
    waiting_calls_.fail_updaters(
        r, error(errc::run_ended, r.state.id,
                 "the run " + shown(r.state.id) + " has ended without an answer"));
  if (!r.state.next) {
    calling_runs_.fail_all_of(r);
    tell_parent(r, end);
    note_end(r);
  }
  commit_.checkpointer.add_ended(r.state.run);
  plan_sweep(r.state);
  runs_.frames.evict(r);
}

/// The listener gets the end when it is durable.
void ending::note_end(const resident& r) {
  if (!commit_.ends.are_wanted()) return;
  auto& s = r.state;
  commit_.ends.add(s, r.last_lsn,
                   s.status == status::completed ? std::string() : runs_.texts.outcome(s));
}

void ending::plan_sweep(const run_state& s) noexcept {
  auto keep = runs_.sweeps.retention_of(namespace_of(s), services_.options.retention);
  if (keep > 0) runs_.sweeps.next = std::min(runs_.sweeps.next, s.closed() + keep);
}

/// settle_children doesn't call this: it settles the children of the runs that it ends itself.
void ending::terminate(resident& r, std::string_view reason, std::uint8_t flags) {
  end_from_outside(r, reason, flags);
  settle_children();
}

void ending::end_from_outside(resident& r, std::string_view reason, std::uint8_t flags) {
  if (!r.state.open() && !STET_SEEDED(go_on_behind_end)) return;
  record e = events::terminated(reason, flags);
  e.time = time_.now();
  recorder_.surely(e, [&](const record& n) {
    recorder_.append_note(r, n);
    e = n;
  });
  end_run(r, e);
}

void ending::end_unbegun(resident& r, std::string_view reason) {
  record e = events::cancel_requested(reason);
  e.flags = flag::event::undriven;
  e.time = time_.now();
  recorder_.append_note_surely(r, e);
  end_from_outside(r, reason, flag::terminated::unbegun);
}

void ending::request_cancel(resident& r, std::string_view reason) {
  if (!r.state.open() || r.state.cancel_requested) return;
  if (r.state.begins_at && !STET_SEEDED(begin_cancelled)) return end_unbegun(r, reason);
  // It is driven in a turn of its own, since this may be called while another run is driven.
  recorder_.post_event_surely(r, events::cancel_requested(reason));
}

bool ending::end_overdue(resident& r) {
  if (!time_.clock.is_over(time_.due.deadline_of(r.state))) return false;
  terminate(r, "its time was over", flag::terminated::timed_out);
  return true;
}

// ---------------------------------------------------------------- to its parent

namespace {

/// The event for the parent of a child that ended with the record `end` and has no result.
record failure_of_child(command_number command, status how, const record& end) {
  switch (how) {
    case status::failed: {
      record e = events::child_failed(command, end.attempt, end.error_type, end.error_text);
      e.payload = end.payload;
      e.error_path = end.error_path;
      return e;
    }
    case status::cancelled:
      return events::child_failed(command, 1, "stet::run_cancelled", end.name);
    case status::timed_out:
      return events::child_failed(command, 1, "stet::run_timed_out", end.name);
    default: return events::child_failed(command, 1, "stet::run_terminated", end.name);
  }
}

}  // namespace

void ending::tell_parent(resident& r, const record& end) {
  if (!r.state.parent) return;
  if (STET_SEEDED(lose_child_answer) && !runs_.table.find(r.state.parent)) return;
  auto parent = runs_.table.load(r.state.parent);
  if (!parent) return runs_.debts.owe_a_look(r.state.parent);
  if (!parent->state.open()) return;
  auto* waits = parent->state.find(r.state.parent_command);
  if (!waits || waits->child != r.state.first) return;
  const command_number command = r.state.parent_command;
  if (r.state.status != status::completed)
    return recorder_.post_event_surely(*parent, failure_of_child(command, r.state.status, end));
  try {
    recorder_.post_event(*parent, events::child_done(command, end.payload));
  } catch (const users_exception& why) {  // the result can't be sealed for the parent
    calling_runs_.fail_pending(*parent, record_kind::child_failed, command, errc::child_failed,
                               "stet::error", words_of(why.thrown()));
  }
}

// ---------------------------------------------------------------- to its children

void ending::settle_children() {
  while (!recorder_.orphans.empty()) {
    auto o = std::move(recorder_.orphans.front());
    recorder_.orphans.pop_front();
    try {
      auto child = runs_.finder.chain_of({o.run.value(), o.name_space, o.id});
      if (!child) continue;  // it couldn't be started
      if (o.ends) end_from_outside(*child, o.why);
      else request_cancel(*child, o.why);
    } catch (const unreadable_run& e) {
      runs_.debts.owe(e.run(), {o.ends ? debt_kind::end : debt_kind::cancel, o.run, o.why});
    }
  }
}

}}}  // namespace stet::v0::detail
