#include "execution/command_table.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "base/shown.hpp"
#include "execution/execution.hpp"
#include "history/make.hpp"

namespace stet { inline namespace v0 { namespace detail {

// ---------------------------------------------------------------- begin

bool command_table::begin(command& c, environment e, waiter& w) noexcept try {
  c.awaited_by = &w;
  c.scope = e.scope;
  c.errors = &run_.errors();
  if (e.scope->is_cancelled()) {
    c.answered = answer_kind::cancelled;
    c.payload = *scope_access::reason_of(*e.scope);
    if (++refused_ < refused_awaits_max) return true;
    swallows_ = true;  // never resumed: the run ends here
    return false;
  }
  c.id = (++last_command_).value();
  auto flags = record_command(c);
  if (!cursor_.is_well()) return false;
  if (c.kind == wait_kind::condition) {
    if (flags & flag::condition::holds) return true;
    conditions_.make_room();
  }
  pending_.add(command_number(c.id), &c);
  if (c.kind == wait_kind::condition) conditions_.add(static_cast<condition&>(c));
  c.owner = &run_;
  auto& first = scope_access::commands_of(*e.scope);
  c.next = first;
  c.previous = nullptr;
  if (c.next) c.next->previous = &c;
  first = &c;
  return false;
} catch (const std::bad_alloc&) {
  cursor_.starve();
  return false;
}

void command_table::hold(command& c) {
  c.detached = true;
  c.errors = &run_.errors();
  c.id = (++last_command_).value();
  record_command(c);
  if (!cursor_.is_well()) return;
  pending_.add(command_number(c.id), &c);
  c.owner = &run_;
  c.hold();
}

/// The durations of `r` count from now, which may be long after the event that drives the run.
void command_table::count_from_here(record& r) noexcept {
  auto* host = run_.host();
  r.late = cursor_.is_replaying() || !host ? 0 : host->late_by();
  if (r.late) r.flags |= flag::step::late;
}

void command_table::fill_in(record& r, request& q) {
  r.flags = q.flags;
  if (q.options.at_most_once) r.flags |= flag::step::at_most_once;
  if (q.transacts) r.flags |= flag::step::transacts;
  if (q.options.total_timeout.count() > 0 || q.options.retry.max_elapsed.count() > 0)
    count_from_here(r);
  if (q.kind == wait_kind::child) r.related = cursor_.child_number(run_.host());
  r.name = q.name;
  r.target = q.target;
  r.payload = q.arguments;
  if (!cursor_.is_replaying() && q.kind != wait_kind::promise)
    cursor_.out().begun.push_back({command_number(q.id), &q, r.related});
}

/// Emits a command, or compares it with the history.
std::uint8_t command_table::record_command(command& c) noexcept try {
  record r;
  r.command = command_number(c.id);
  r.line = c.line;
  r.kind = record_of(c.kind);
  switch (c.kind) {
    case wait_kind::sleep:
      r.number = c.wait_ms;
      r.flags = c.absolute ? flag::sleep::absolute : 0;
      if (!c.absolute) count_from_here(r);
      break;
    case wait_kind::condition: {
      auto& w = static_cast<condition&>(c);
      r.name = w.name;
      if (w.takes) r.flags |= flag::condition::takes;
      if (look(w)) r.flags |= flag::condition::holds;
      break;
    }
    default: fill_in(r, static_cast<request&>(c));
  }
  at_ = {c.file, r.line};
  auto flags = cursor_.emit(r, c.file);
  return c.kind == wait_kind::condition ? r.flags : flags;
} catch (const std::bad_alloc&) {
  cursor_.starve();
  return 0;
}

// ---------------------------------------------------------------- answer

/// Tests a condition. Returns true if that gave it an answer.
bool command_table::look(condition& c) noexcept {
  ++looks_;
  try {
    if (!c.holds(run_)) return false;
    if (c.answered == answer_kind::none) c.answered = answer_kind::value;
  } catch (const std::bad_alloc&) {
    cursor_.starve();
    return false;
  } catch (...) {
    c.thrown = std::current_exception();
    c.answered = answer_kind::failure;
  }
  return true;
}

bool command_table::meet_condition() noexcept {
  auto* c = conditions_.first_that([&](condition& any) { return look(any); });
  if (!c) return false;
  cursor_.emit(commands::met(command_number(c->id), c->takes));
  if (!cursor_.is_well()) return false;
  complete(*c);
  return true;
}

void command_table::answer(const record& event, std::string* payload) {
  auto* c = find_pending(event.command);
  if (!c) return;  // it was given up meanwhile
  if (answered_by(event.kind) != record_of(c->kind))
    throw malformed("the history is damaged: " + shown(to_text(event.kind)) + " answers a " +
                    std::string(to_text(record_of(c->kind))));
  switch (event.kind) {
    case record_kind::step_done:
    case record_kind::child_done:
    case record_kind::promise_resolved:
    case record_kind::message_done:
      c->answered = answer_kind::value;
      if (payload) c->payload = std::move(*payload);
      else c->payload = event.payload;
      break;
    case record_kind::timer_fired: c->answered = answer_kind::value; break;
    case record_kind::step_failed:
    case record_kind::child_failed:
    case record_kind::promise_rejected:
    case record_kind::message_failed:
      c->answered = answer_kind::failure;
      c->code = event.code;
      c->error = std::make_unique<failure>(failure_of(event));
      if (event.flags & flag::step_failed::waits) {
        c->awaits_body = true;  // it has its outcome; it goes on when the body has returned
        return;
      }
      break;
    default: break;  // body_returned: answered already
  }
  complete(*c);
}

void command_table::complete(command& c) noexcept try {
  if (c.detached) conditions_.answered(command_number(c.id));
  if (auto* w = c.awaited_by) cursor_.out().ready.emplace_back(w, c.scope);
  unlink(c);
} catch (const std::bad_alloc&) { cursor_.starve(); }

// ---------------------------------------------------------------- give up

void command_table::give_up(command& c, const std::string& reason) noexcept try {
  auto* host = run_.host();
  bool is_step = c.kind == wait_kind::step;
  bool waits = !cursor_.is_replaying() && is_step && host &&
               host->stop_body(run_.run(), command_number(c.id));
  auto flags = cursor_.emit(commands::cancelled(command_number(c.id), waits));
  if (!cursor_.is_well()) return;
  withdraw(command_number(c.id));
  c.answered = answer_kind::cancelled;
  c.payload = reason;
  if (flags & flag::cancelled::waits) c.awaits_body = true;
  else complete(c);
} catch (const std::bad_alloc&) { cursor_.starve(); }

/// For a command that is given up: if this drive has asked for it, withdraws the request.
void command_table::withdraw(command_number command) noexcept {
  auto& begun = cursor_.out().begun;
  auto at = std::lower_bound(begun.begin(), begun.end(), command,
                             [](const intent& i, command_number c) { return i.command < c; });
  if (at != begun.end() && at->command == command) at->what = nullptr;
}

void command_table::abandon(scope& s) noexcept try {
  for (auto* c = scope_access::commands_of(s); c;) {
    auto* following = c->next;
    if (!c->awaits_body) {
      cursor_.emit(commands::cancelled(command_number(c->id), false));
      withdraw(command_number(c->id));
    }
    auto* host = run_.host();
    if (!cursor_.is_replaying() && c->kind == wait_kind::step && host)
      host->await_body(run_.run(), command_number(c->id));
    unlink(*c);
    c = following;
  }
  for (auto* c = scope_access::first_child_of(s); c; c = scope_access::next_of(*c)) abandon(*c);
} catch (const std::bad_alloc&) { cursor_.starve(); }

bool command_table::is_suspended(const scope& s) const noexcept {
  if (scope_access::commands_of(s)) return true;
  for (auto* c = scope_access::first_child_of(s); c; c = scope_access::next_of(*c))
    if (is_suspended(*c)) return true;
  auto& ready = cursor_.out().ready;
  return std::any_of(ready.begin(), ready.end(),
                     [&](auto& r) { return r.first && is_within(r.second, s); });
}

bool is_within(const scope* s, const scope& outer) noexcept {
  while (s && s != &outer) s = scope_access::parent_of(*s);
  return s != nullptr;
}

void command_table::unlink(command& c) noexcept {
  if (find_pending(command_number(c.id)) == &c) pending_.erase(command_number(c.id));
  if (c.kind == wait_kind::condition) conditions_.remove(static_cast<condition&>(c));
  if (c.previous) c.previous->next = c.next;
  else if (c.scope) scope_access::commands_of(*c.scope) = c.next;
  if (c.next) c.next->previous = c.previous;
  c.next = c.previous = nullptr;
  c.owner = nullptr;
  if (c.detached) c.drop();
}

void command_table::clear() noexcept {
  for (auto* c : std::exchange(pending_, {})) {
    if (!c->detached) continue;
    c->owner = nullptr;
    c->drop();
  }
}

// ---------------------------------------------------------------- find

command* command_table::find_pending(command_number number) noexcept {
  auto* found = pending_.find(number);
  return found ? *found : nullptr;
}

request* command_table::find(command_number number) noexcept {
  auto* c = find_pending(number);
  bool is_request = c && c->kind != wait_kind::sleep && c->kind != wait_kind::condition;
  return is_request ? static_cast<request*>(c) : nullptr;
}

}}}  // namespace stet::v0::detail
