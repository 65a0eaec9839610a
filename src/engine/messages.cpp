// What reaches a run from outside while it is open, and what it sends to others: signals, queries,
// updates, answers to promises. And the functions behind the templates of the public header.
#include <algorithm>
#include <cstdio>
#include <unordered_set>

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "base/users_exception.hpp"
#include "engine/calls.hpp"
#include "engine/core.hpp"
#include "engine/starts.hpp"
#include "history/attributes.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t key_bytes_max = 200;
constexpr std::uint64_t drives_beyond_max =
    1000;  // for a call, by what its run brings about itself

error ended(const run_state& s) {
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
void check(const update_request& q) {
  check_key(q.name, q.id);
  if (is_call_id(q.id))
    throw error(
        errc::usage, q.name,
        "the id " + shown(q.id) + " of an update begins with 'stet:', as those of calls do");
  check_arguments(q.name, q.arguments.size());
}

/// Of a history: how many events drove.
std::size_t driving_events(std::string_view history) {
  std::size_t n = 0;
  for (source in(history); !in.done();) {
    auto r = decode_record(in);
    n += r.kind == record_kind::driven || (is_event(r.kind) && !(r.flags & record_flag::undriven) &&
                                           r.kind != record_kind::terminated);
  }
  return n;
}

}  // namespace

/// The run that goes on for this one, with everything done that a crash cut short.
run_lease engine_core::must_find_last(run_ref of) {
  auto r = last_of_chain(of);
  if (r->state.open() && !r->resumed) {
    resume(*r);
    r = last_of_chain(std::move(r));
  }
  return r;
}

/// The same, if it hasn't ended; its coroutine has seen everything. Throws errc::run_stalled.
run_lease engine_core::bring_up(run_lease r) {
  // What it was sent before is in its undriven events, or goes over to the runs that continue it. A
  // run that never comes to rest is left where it is by then.
  for (auto left = std::uint64_t{r->state.undriven} + drives_beyond_max;;) {
    for (; left > 0 && may_drive(*r) && ensure_frame(*r); --left) {
      drive(*r, nullptr);
      relieve();
    }
    if (!r->state.next) break;
    r = last_of_chain(std::move(r));
  }
  if (r->state.open() && !r->state.stalled) ensure_frame(*r);
  if (r->state.stalled) throw stalled_error(r->state);
  return r;
}

// ---------------------------------------------------------------- signals

bool engine_core::knows_signal(resident& r, std::string_view key) {
  if (STET_SEEDED(forget_signal_key)) return false;
  if (sent_before(r, keys::sent_kind::signal, key)) return true;
  if (r.frame) return r.frame->knows_signal(key);
  bool known = false;
  for_each_record(
      r, [&](const record& rec) { known |= rec.kind == record_kind::signal && rec.target == key; });
  return known;
}

/// Of what the request has, which stays where it is.
record event_of(const signal_request& q) {
  record e;
  e.kind = record_kind::signal;
  e.name = q.name;
  e.target = q.key;
  e.payload = q.payload;
  return e;
}

void engine_core::signal_run(run_ref of, const signal_request& q) {
  check(q);
  auto r = must_find_last(of);
  if (!r->state.open()) {
    answer_lsn_ = r->last_lsn;
    throw ended(r->state);
  }
  if (q.key.empty() || !knows_signal(*r, q.key)) happen(*r, event_of(q));
  answer_lsn_ = r->last_lsn;
}

// ---------------------------------------------------------------- queries

std::string engine_core::query_run(run_ref of, std::string_view name, std::string_view arguments) {
  std::string answer;
  if (of.run == 0 && answer_as_new(of, name, arguments, answer)) return answer;
  auto r = must_find_last(of);
  must_have_begun(*r, errc::not_found, "query", name);
  if (r->state.open()) r = bring_up(std::move(r));
  if (r->state.open()) {
    auto who = enter_code(r->state, *r->frame, {code_use::answers_query, 0, checksum_of(name)});
    auto thrown = thrown_by_user([&] {
      in_workflow here(slots_, suspects_, watchdog_, r->state.workflow, *r->frame, who);
      here.may_do_anything();
      answer = r->frame->answer_query(name, arguments);
    });
    if (options_.resident_runs_max == 0) evict(*r);
    if (thrown) throw users_exception(thrown);
  } else {
    answer = query_ended(*r, name, arguments);
  }
  answer_lsn_ = r->last_lsn;
  return answer;
}

/// Plays the run again, as far as it matters.
std::string engine_core::query_ended(resident& r, std::string_view name,
                                     std::string_view arguments) {
  auto shadow = shadow_of(r);
  auto history = history_of(r);
  auto events = SIZE_MAX;
  if (r.state.status == status::completed) shadow->answer_at_return(name, arguments);
  else if (r.state.status == status::failed ||
           (r.state.status == status::cancelled && !r.state.begins_at))
    events = driving_events(history) - 1;  // with the last one its variables went
  drive_output work;
  in_workflow here(slots_, suspects_, watchdog_, r.state.workflow, *shadow,
                   enter_code(r.state, *shadow, {code_use::replays}));
  here.may_do_anything();
  if (!shadow->replay(history, work, events))
    throw error(errc::run_stalled, r.state.id,
                "the run '" + r.state.id +
                    "' has ended, and today's code doesn't fit its history: " + shadow->problem());
  return call_user([&] {
    auto answer = shadow->answered_at_return();
    return answer ? *std::move(answer) : shadow->answer_query(name, arguments);
  });
}

/// An execution that only looks.
std::unique_ptr<execution> engine_core::shadow_of(resident& r) {
  auto* d = definitions_.find(r.state.workflow, r.state.version);
  if (!d)
    throw error(errc::unknown_workflow, r.state.workflow,
                definitions_.why_missing(r.state.workflow, r.state.version));
  return std::make_unique<execution>(*d, errors_, nullptr, r.state.run, r.state.id);
}

// ---------------------------------------------------------------- updates

bool update_call::perform(engine_core& e) {
  if (start) {
    check(request);
    e.check_start(workflow, *start);
    if (start->delay > duration{})
      throw error(errc::usage, request.name,
                  "the update '" + std::string(request.name) +
                      "' can't be sent with the start of a run that has a delay: its handler is "
                      "there when the run begins; start the run, and send the update then");
    if (auto run = e.latest_run(of.name_space, start->id)) {
      auto latest = e.must_find({run, of.name_space, start->id});
      e.must_not_have_failed(*latest);
    }
    started = e.start_runs(of.name_space, workflow, {start, 1}).front();
    of.run = started->run;
  }
  return e.update_run(*this);
}

namespace {

error no_such_update(const update_call& c, const resident& r) {
  return {errc::not_found, c.request.name,
          "the run '" + r.state.id + "' has had no update " + shown(c.outcome.id) +
              ", or the run of its chain that had it has been erased"};
}
void fill(update_outcome& o, const update_answer& a) {
  o.answered = a.done;
  o.payload = a.payload;
  if (a.failure) o.error = *a.failure;
}

}  // namespace

/// True if the call is answered.
bool engine_core::update_run(update_call& c) {
  auto& q = c.request;
  check(q);
  auto& id = c.outcome.id = q.id.empty() ? new_id() : q.id;
  bool waits = c.until != update_stage::accepted, attached = c.until == update_stage::attached;
  auto r = attached ? must_find_or_follow(c.of) : must_find_last(c.of);
  if (r->state.open() && !r->resumed) resume(*r);
  must_have_begun(*r, errc::rejected, "update", q.name);
  if (r->state.open()) {
    auto last = bring_up(hold(*r));
    if (!attached) r = std::move(last);
  }
  if (attached) r = where_answered(std::move(r), id);
  c.of.run = c.outcome.run = r->state.run;
  if (!r->state.open()) {
    fill_from_ended(c, *r);
    return true;
  }
  ensure(r->frame != nullptr, "a run that takes an update has a frame");
  answer_lsn_ = r->last_lsn;
  if (auto* a = STET_SEEDED(forget_update_id) ? nullptr : r->frame->find_update(id)) {
    fill(c.outcome, *a);
    if (a->done || !waits) return true;
    r->updaters.push_back(&c);
    return false;
  }
  if (!q.id.empty() && r->frame->has_queued_update(id)) {  // its turn comes
    if (waits) r->updaters.push_back(&c);
    return !waits;
  }
  if (auto before = q.id.empty() ? 0 : sent_before(*r, keys::sent_kind::update, id)) {
    r = must_find({before, c.of.name_space, c.of.id});
    c.of.run = c.outcome.run = before;
    fill_from_ended(c, *r);
    return true;
  }
  if (attached) throw no_such_update(c, *r);
  {
    code_use validated{code_use::validates, 0, checksum_of(q.name)};
    in_workflow here(slots_, suspects_, watchdog_, r->state.workflow, *r->frame,
                     enter_code(r->state, *r->frame, validated));
    here.may_do_anything();
    call_user([&] { r->frame->validate(q.name, q.arguments); });
  }
  record e;
  e.kind = record_kind::update;
  if (q.id.empty()) e.flags = record_flag::unnamed;
  e.name = q.name;
  e.target = id;
  e.payload = q.arguments;
  if (waits) r->updaters.push_back(&c);  // what it drives may answer it at once
  try {
    happen(*r, e);
  } catch (...) {
    std::erase(r->updaters, &c);
    throw;
  }
  if (waits) return false;
  if (r->state.stalled) throw stalled_error(r->state);
  answer_lsn_ = r->last_lsn;
  return true;
}

/// Throws if the run begins later: no handler is there yet.
void engine_core::must_have_begun(resident& r, errc code, std::string_view what,
                                  std::string_view name) {
  if (!r.state.open() || time_.is_over(begin_of(r.state))) return;
  answer_lsn_ = r.last_lsn;
  throw error(code, name,
              "the run '" + r.state.id + "' has no handler for the " + std::string(what) + " '" +
                  std::string(name) + "' yet: it begins at " +
                  to_text(time_point(duration(r.state.begins_at))));
}

void engine_core::fill_from_ended(update_call& c, resident& r) {
  answer_lsn_ = r.last_lsn;
  if (auto a = find_update(history_of(r), c.outcome.id)) {
    if (!a->done) throw ended(r.state);
    return fill(c.outcome, *a);
  }
  // An earlier run of its chain may have answered it.
  bool is_named = !c.request.id.empty();
  auto before = is_named ? sent_before(r, keys::sent_kind::update, c.outcome.id) : 0;
  if (before == 0 && c.until == update_stage::attached) throw no_such_update(c, r);
  if (before == 0) throw ended(r.state);
  auto link = must_find({before, c.of.name_space, c.of.id});
  c.of.run = c.outcome.run = before;
  fill_from_ended(c, *link);
}

/// Of a run that was continued: the one to which an update that hadn't begun went over.
run_lease engine_core::where_answered(run_lease r, const std::string& id) {
  while (!r->state.open() && r->state.next) {
    auto a = find_update(history_of(*r), id);
    auto next = a && a->done ? run_lease() : must_read(r->state.next, r->state.id);
    if (!next) break;
    r = std::move(next);
  }
  if (r->state.open()) (void)bring_up(hold(*r));
  return r;
}

/// Those who wait for an update that has just been answered.
void engine_core::tell_updaters(resident& r) {
  for (auto& id : out_.updated) {
    auto* a = r.frame->find_update(id);
    ensure(a != nullptr, "an update that was answered is known");
    if (is_call_id(id)) answer_caller(id, *a);
    std::erase_if(r.updaters, [&](update_call* c) {
      if (c->outcome.id != id) return false;
      fill(c->outcome, *a);
      answer(*c, r.last_lsn);
      return true;
    });
  }
}

void engine_core::fail_updaters(resident& r, const error& e) {
  for (auto* c : std::exchange(r.updaters, {})) {
    c->fails(std::make_exception_ptr(e));
    answer(*c, r.last_lsn);
  }
}

// ---------------------------------------------------------------- promises

bool engine_core::answer_promise(std::string_view promise, std::string_view token,
                                 std::string_view payload, const failure* rejected) {
  auto unknown = [&] {
    return error(errc::not_found, promise,
                 "the token " + shown(token) + " stands for no promise of a run in this store");
  };
  check_arguments(promise, payload.size() + (rejected ? rejected->message.size() : 0));
  unsigned long long run = 0;
  unsigned command = 0;
  std::string text(token.substr(0, 80));
  if (std::sscanf(text.c_str(), "%llx.%x.", &run, &command) != 2) throw unknown();
  auto r = run ? must_read(run, "of the token " + text) : run_lease();
  if (!r || !same_secret(token_of(run, command, r->state.seed, r->state.secret), token))
    throw unknown();
  if (r->state.open() && !r->resumed) resume(*r);
  // What came before it may end the run, or its wait: then nobody takes the answer, and that is
  // said.
  drive_what_is_there(*r);
  auto* p = r->state.open() ? r->state.find(command) : nullptr;
  bool is_open = p && p->kind == command_kind::promise;
  if (is_open && p->name != promise)
    throw error(
        errc::usage, promise,
        "the token stands for the promise " + shown(p->name) + ", not for " + shown(promise));
  if (is_open) {
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
    happen(*r, e);
  }
  answer_lsn_ = r->last_lsn;
  return is_open;
}

// ---------------------------------------------------------------- behind the templates

void core::signal(engine_core& e, run_ref of, const signal_request& q) {
  e.ask([&] { e.signal_run(of, q); });
}
std::string core::query(engine_core& e, run_ref of, std::string_view name,
                        std::string_view arguments) {
  return e.ask_without_room([&] { return e.query_run(of, name, arguments); });
}
std::optional<update_outcome> core::update(engine_core& e, run_ref of, const update_request& q,
                                           update_stage until, std::optional<duration> limit) {
  update_call c(of, q, until);
  c.needs_room = until != update_stage::attached;
  if (!e.submit(c, limit)) return std::nullopt;
  c.rethrow();
  return std::move(c.outcome);
}
void core::raise_update(engine_core& e, std::string_view name, const failure& f) {
  e.errors().raise(errc::update_failed, name, f);
}
start_result core::start_with(engine_core& e, std::string_view name_space,
                              std::string_view workflow, const start_request& q,
                              const signal_request& s) {
  return e.ask([&] {
    check(s);
    return e.start_runs(name_space, workflow, {&q, 1}, &s).front();
  });
}
std::pair<start_result, update_outcome> core::start_with(
    engine_core& e, std::string_view name_space, std::string_view workflow, const start_request& q,
    const update_request& u, update_stage until) {
  update_call c({0, name_space, q.id}, u, until);
  c.needs_room = true;
  c.start = &q;
  c.workflow = workflow;
  e.submit(c);
  c.rethrow();
  return {*c.started, std::move(c.outcome)};
}
bool core::answer_promise(engine_core& e, std::string_view promise, std::string_view token,
                          std::string_view payload, const failure* rejected) {
  return e.ask([&] { return e.answer_promise(promise, token, payload, rejected); });
}
/// A name that no other has, whatever the entropy says: one that is seeded anew at each start
/// repeats itself, and the journal's numbers don't.
std::string engine_core::new_id() {
  char text[33];
  auto first = entropy_.bits(), second = entropy_.bits() + journal_.last_lsn();
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(first),
                static_cast<unsigned long long>(second));
  return text;
}

}  // namespace detail
}}  // namespace stet::v0
