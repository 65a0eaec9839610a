#include "engine/calls/signals.hpp"

#include <cstdio>
#include <string>

#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "engine/calls/calls_room.hpp"
#include "execution/limits.hpp"
#include "execution/sent.hpp"
#include "execution/token.hpp"
#include "history/make.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t key_bytes_max = 200;
constexpr std::size_t token_bytes_max = 80;

}  // namespace

error has_ended(const run_state& s) {
  return {errc::run_ended, s.id,
          "the run " + shown(s.id) + " of workflow " + shown(s.workflow) + " has ended"};
}

void check_key(std::string_view what, std::string_view key) {
  if (key.size() > key_bytes_max)
    throw error(errc::usage, what,
                "an idempotency key, or the id of an update, has at most " +
                    std::to_string(key_bytes_max) + " bytes, this one has " +
                    std::to_string(key.size()));
}

void check(const signal_request& q) {
  check_key(q.name, q.key);
  check_arguments(q.name, q.payload.size());
}

record event_of(const signal_request& q) { return events::signal(q.name, q.key, q.payload); }

answer<void> signals::send(run_ref target, const signal_request& q) {
  check(q);
  auto r = revival_.must_find_last(target);
  // A caller that didn't get the first answer asks again, perhaps after the run's end.
  if (!q.key.empty() && is_known(*r, q.key)) return {r->last_lsn};
  if (!r->state.open()) throw has_ended(r->state);
  e_.drive.driver.take_event(*r, event_of(q));
  return {r->last_lsn};
}

bool signals::is_known(resident& r, std::string_view key) {
  if (STET_SEEDED(forget_signal_key)) return false;
  if (e_.runs.sent.sent_before(r, keys::sent_kind::signal, key)) return true;
  if (r.frame) return knows_signal(*r.frame, key);
  bool known = false;
  e_.runs.history.for_each(
      r, [&](const record& rec) { known |= rec.kind == record_kind::signal && rec.target == key; });
  return known;
}

/// Throws errc::not_found if the token isn't that of a promise of a run.
run_lease signals::run_of_token(std::string_view promise, std::string_view token,
                                command_number& command) {
  unsigned long long run = 0;
  unsigned number = 0;
  std::string text(token.substr(0, token_bytes_max));
  bool is_token = std::sscanf(text.c_str(), "%llx.%x.", &run, &number) == 2;
  command = command_number(number);
  auto r = is_token && run ? e_.runs.table.must_read(run_number(run), "of the token " + text)
                           : run_lease();
  if (!r || !same_secret(token_of(run_number(run), command, r->state.seed, r->state.secret), token))
    throw error(errc::not_found, promise,
                "the token " + shown(token) + " stands for no promise of a run in this store");
  return r;
}

answer<bool> signals::answer_promise(std::string_view promise, std::string_view token,
                                     std::string_view payload, const failure* rejected) {
  check_arguments(promise, payload.size() + (rejected ? rejected->message.size() : 0));
  command_number command;
  auto r = run_of_token(promise, token, command);
  revival_.revive(*r);
  // An earlier event may end the run, or its wait. Then nothing takes the answer, and the caller
  // gets false.
  e_.drive.driver.drive_what_is_there(*r);
  auto* p = r->state.open() ? r->state.find(command) : nullptr;
  bool is_open = p && p->kind == wait_kind::promise;
  if (is_open && p->name != promise)
    throw error(
        errc::usage, promise,
        "the token stands for the promise " + shown(p->name) + ", not for " + shown(promise));
  if (!is_open) return {false, r->last_lsn};
  record e;
  e.kind = rejected ? record_kind::promise_rejected : record_kind::promise_resolved;
  e.command = command;
  e.payload = payload;
  if (rejected) {
    e.code = errc::promise_rejected;
    e.attempt = 1;
    e.error_type = rejected->type;
    e.error_text = rejected->message;
  }
  e_.drive.driver.take_event(*r, e);
  return {true, r->last_lsn};
}

// ---------------------------------------------------------------- the commands

answer<void> perform(calls_room& e, const signal_run& c) {
  return e.signals.send(c.target, c.signal);
}
answer<bool> perform(calls_room& e, const answer_promise& c) {
  return e.signals.answer_promise(c.promise, c.token, c.payload, c.rejected);
}

}}}  // namespace stet::v0::detail
