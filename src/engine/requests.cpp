// Calls from outside, as the loop performs them; and the typeless functions behind the templates of
// the public headers.
#include <algorithm>
#include <tuple>

#include "base/shown.hpp"
#include "base/users_exception.hpp"
#include "engine/core.hpp"
#include "engine/starts.hpp"
#include "history/attributes.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

void check_id(std::string_view id) {
  if (id.empty()) throw error(errc::usage, "run", "a workflow id must not be empty");
  if (id.size() > id_bytes_max)
    throw error(errc::usage, "run",
                "a workflow id has at most " + std::to_string(id_bytes_max) +
                    " bytes, this one has " + std::to_string(id.size()) + ": " + shown(id) +
                    "; use a hash of it as the id");
}

}  // namespace

/// All of them, in one commit, or none: where one is refused or can't be sealed, those before it
/// are taken back. Only then ends what they replace, and they are driven. `first_signal`: the one
/// run gets it with its start.
std::vector<start_result> engine_core::start_runs(std::string_view name_space,
                                                  std::string_view workflow,
                                                  std::span<const start_request> requests,
                                                  const signal_request* first_signal) {
  for (auto& q : requests) check_start(workflow, q);
  const bool one_by_one = requests.size() == 1 && !first_signal;
  std::vector<start_result> results;
  std::vector<begun_run> begun;
  std::uint64_t lsn = 0;
  auto here = journal_.here();
  try {
    for (auto& q : requests) {
      auto taken = find_taken(name_space, workflow, q);
      if (taken.used) {
        if (first_signal) signal_run({taken.used->run, name_space, q.id}, *first_signal);
        lsn = std::max(lsn, answer_lsn_);
        results.push_back(*taken.used);
        continue;
      }
      auto start = start_of(name_space, workflow, q);
      auto run = create(start, !one_by_one || taken.replaced);
      begun.push_back({std::move(run), std::move(taken.replaced), taken.latest});
      if (first_signal) happen_later(*begun.back().run, event_of(*first_signal));
      if (!one_by_one && journal_.is_too_much_since(here))
        throw error(errc::payload, workflow,
                    "the runs that are to start together have more bytes than one commit takes, " +
                        std::to_string(journal_.event_bytes_max()) +
                        ": start them in several parts");
      results.push_back({start.run, true});
    }
  } catch (...) {
    if (!begun.empty()) take_back(begun, here);
    throw;
  }
  for (auto& b : begun)
    if (b.replaced) terminate(*b.replaced, "another run was started with its id");
  for (auto& b : begun) {
    for_run(*b.run, [&] { drive_what_is_there(*b.run); });
    lsn = std::max(lsn, b.run->last_lsn);
    b.run = {};
    relieve();
  }
  answer_lsn_ = lsn;
  return results;
}

/// Of runs that are recorded and weren't driven, all of them behind `here`.
void engine_core::take_back(std::vector<begun_run>& begun, const struct journal::place& here) {
  journal_.go_back(here);
  for (auto b = begun.rbegin(); b != begun.rend(); ++b) {
    auto key = id_key(namespace_of(b->run->state), b->run->state.id);
    forget_run(*b->run);
    if (b->before && in_memory(b->before)) ids_[key] = b->before;
  }
}

void engine_core::check_start(std::string_view workflow, const start_request& q) const {
  if (!definitions_.newest(workflow))
    throw error(errc::unknown_workflow, workflow,
                "no workflow " + shown(workflow) + " is defined in this engine");
  check_id(q.id);
  check_arguments(workflow, q.arguments.size());
  if (q.delay < duration{} || q.run_timeout < duration{} || q.execution_timeout < duration{})
    throw error(errc::usage, workflow,
                "the delay and the time-outs of a start must not be negative");
}

/// The first record of a new run, for a request that has been checked.
record engine_core::start_of(std::string_view name_space, std::string_view workflow,
                             const start_request& q) {
  if (q.delay > duration{} || q.run_timeout > duration{} || q.execution_timeout > duration{})
    look_at_time();  // they count from here
  auto later = [&](duration d) {
    auto t = INT64_MAX;
    return __builtin_add_overflow(now_, d.count(), &t) ? INT64_MAX - 1 : t;
  };
  record start;
  start.run = journal_.new_run_number();
  start.name = workflow;
  start.target = q.id;
  start.payload = q.arguments;
  if (q.delay > duration{}) start.begins_at = later(q.delay);
  start.run_timeout = q.run_timeout.count();
  if (q.execution_timeout > duration{}) start.execution_deadline = later(q.execution_timeout);
  start.name_space = as_stored(name_space);
  start.attributes = q.attributes;
  start.memo = q.memo;
  return start;
}

/// The run that has the id and is used, or is replaced; neither: there is none in the way. Throws
/// errc::conflict.
taken_id engine_core::find_taken(std::string_view name_space, std::string_view workflow,
                                 const start_request& q) {
  run_ref of{latest_run(name_space, q.id), name_space, q.id};
  if (of.run == 0) return {};
  auto r = must_find(of);
  auto refuse = [&](const char* why) {
    answer_lsn_ = r->last_lsn;
    throw error(errc::conflict, workflow, "the id " + shown(q.id) + why);
  };
  if (r->state.open()) {
    if (q.conflict == id_conflict::fail) refuse(" has a run that is open");
    if (q.conflict == id_conflict::use_existing) return {find_run(workflow, of), {}, of.run};
    return {std::nullopt, std::move(r), of.run};
  } else {
    auto reuse = q.reuse;
    if (reuse == id_reuse::use_existing) return {find_run(workflow, of), {}, of.run};
    if (reuse == id_reuse::reject) refuse(" has had a run");
    if (reuse == id_reuse::allow_after_failure && r->state.status == status::completed)
      refuse(" has had a run that completed");
  }
  return {std::nullopt, {}, of.run};
}

std::optional<start_result> engine_core::find_run(std::string_view workflow, run_ref of) {
  if (of.run == 0) of.run = latest_run(of.name_space, of.id);
  if (of.run == 0) return std::nullopt;
  auto r = must_find(of);
  if (r->state.workflow != workflow)
    throw error(
        errc::conflict, workflow,
        "the id " + shown(of.id) + " belongs to a run of workflow " + shown(r->state.workflow));
  answer_lsn_ = r->last_lsn;
  return start_result{of.run, false};
}

run_lease engine_core::must_find(run_ref of) {
  auto missing = [&](const char* why) {
    return error(errc::not_found, of.id, "there is no run with the id " + shown(of.id) + why);
  };
  bool by_number = of.run != 0;
  if (!by_number) of.run = latest_run(of.name_space, of.id);
  if (of.run == 0) throw missing("");
  if (auto r = must_read(of.run, of.id)) return r;
  if (by_number) throw missing(": it has been erased");
  throw unreadable_run(of.run, of.id);  // its id is there, and its snapshot is lost
}

void engine_core::cancel_run(run_ref of, std::string_view reason) {
  auto r = must_find_last(of);
  request_cancel(*r, reason);
  answer_lsn_ = journal_.last_lsn();  // also what came up when the run was resumed
}
void engine_core::terminate_run(run_ref of, std::string_view reason) {
  auto r = last_of_chain(of);
  terminate(*r, reason);
  answer_lsn_ = journal_.last_lsn();
}

void engine_core::resume_run(run_ref of) {
  auto r = must_find(of);
  if (r->state.open() && r->state.stalled) resume_stalled(*r);
  answer_lsn_ = journal_.last_lsn();
}

/// Its frame is built anew, which can't be while a body refers to the old one: then when that has
/// returned. (Until then it stays stalled, with its reason; should the process end first, the next
/// start tries it anyway.)
void engine_core::resume_stalled(resident& r) {
  r.resumes_later = !may_evict(r);
  if (r.resumes_later) return;
  record n;
  n.kind = record_kind::resumed;
  n.time = now_;
  note(r, n);
  evict_at_last(r);
  r.resumed = false;
  enqueue(r);
}

v0::status engine_core::status_of(run_ref of) {
  auto r = last_of_chain(of);
  answer_lsn_ = r->last_lsn;
  return r->state.shown_status();
}

bool engine_core::await_outcome(outcome_call& c) {
  auto r = last_of_chain(c.of);
  auto& s = r->state;
  c.of.run = s.run;
  if (s.next)
    throw error(errc::not_found, c.of.id,
                "the run that continues " + shown(s.id) + " has been erased");
  if (s.open() && !s.stalled) {
    r->waiters.push_back(&c);
    return false;
  }
  answer_lsn_ = r->last_lsn;
  c.outcome.status = s.shown_status();
  try {
    if (c.outcome.status == status::completed) c.outcome.payload = result_of(s);
    else c.outcome.error.message = shown_outcome(s);
    if (s.error) c.outcome.error = failure_of(s);
  } catch (const error&) {  // also while others wait
    c.fails(std::current_exception());
  }
  return true;
}
void engine_core::forget(waiting_call& c) noexcept {
  answer_lsn_ = 0;  // whatever is durable
  c.leave();
  std::erase_if(answers_, [&](auto& a) { return a.second == &c; });
  if (auto* found = in_memory(c.of.run)) {
    auto r = hold(*found);
    std::erase_if(r->waiters, [&](auto* w) { return w == &c; });
    std::erase_if(r->updaters, [&](auto* w) { return w == &c; });
  }
}
bool outcome_call::perform(engine_core& e) { return e.await_outcome(*this); }

/// A step's arguments, when they are too long to stand in the run's state: from its history.
std::string engine_core::arguments_of(resident& r, std::uint32_t command) {
  std::string shown;
  try {
    for_each_record(r, [&](const record& rec) {
      if (rec.kind == record_kind::step && rec.command == command)
        shown = described_arguments(r.state, command, rec.payload);
    });
  } catch (const error& e) {
    if (!is_of_one_run(e)) throw;
    shown = e.what();
  }
  return shown;
}

std::optional<run_info> engine_core::describe_run(run_ref of) {
  of.run = latest_run(of.name_space, of.id);
  if (of.run == 0) return std::nullopt;
  auto r = must_find(of);
  answer_lsn_ = r->last_lsn;
  auto& s = r->state;
  run_info info;
  info.id = s.id;
  info.workflow = s.workflow;
  info.version = s.version;
  info.run = s.run;
  info.status = s.shown_status();
  if (info.status != status::completed) info.reason = shown_outcome(s);
  info.records = s.records;
  info.started = time_point(duration(s.started));
  info.closed = time_point(duration(s.closed()));
  if (s.about) info.attributes = attributes(unpack_attributes(s.about->attributes));
  std::tie(info.memo, info.details) = memo_and_details(s);
  info.parent = s.parent;
  info.previous = s.previous;
  info.next = s.next;
  info.unread_signals = s.unread;
  info.open_updates = s.open_updates;
  auto wake = wake_of(s);
  if (wake != run_state::no_wake && wake != run_state::wake_at_start)
    info.next_wakeup = time_point(duration(next_due(s)));
  static constexpr const char* kinds[] = {"step",      "sleep",   "child",
                                          "condition", "promise", "message"};
  if (s.open() && s.begins_at) {
    pending_info w;
    w.kind = "start";
    w.due = time_point(duration(s.begins_at));
    info.waits_for.push_back(std::move(w));
  }
  for (auto& p : s.waits_for) {
    pending_info w;
    w.kind = kinds[static_cast<int>(p.kind)];
    w.name = p.name;
    if (p.kind == command_kind::promise) w.detail = token_of(s.run, p.command, s.seed, s.secret);
    else
      w.detail = p.kind != command_kind::step ? p.target
                 : p.target.empty()           ? arguments_of(*r, p.command)
                                              : described_arguments(s, p.command, p.target);
    if (p.kind == command_kind::step) w.attempt = p.attempt;
    w.last_error = last_error(*r, p);
    bool timed = p.kind == command_kind::sleep || p.at == pending::phase::retrying;
    if (timed) w.due = time_point(duration(is_named(p) ? p.due : due_of(p)));
    info.waits_for.push_back(std::move(w));
  }
  return info;
}

std::vector<history_entry> engine_core::history_of_id(run_ref of) {
  std::vector<history_entry> entries;
  of.run = latest_run(of.name_space, of.id);
  if (of.run == 0) return entries;
  auto r = must_find(of);
  answer_lsn_ = r->last_lsn;
  std::int64_t time = 0;
  std::uint64_t number = 0;
  for_each_record(*r, [&](record rec) {
    kept_texts kept;
    std::string unopened;
    try {
      (void)payloads_.open(rec, owner_of(r->state), number, kept);
    } catch (const error& e) { unopened = std::string("[") + e.what() + "]"; }
    ++number;
    if (rec.time) time = rec.time;
    history_entry e;
    e.time = time_point(duration(time));
    e.kind = to_text(rec.kind);
    e.command = rec.command;
    e.name = rec.name;
    if (!unopened.empty()) e.detail = std::move(unopened);
    else if (!rec.error_type.empty())
      e.detail = std::string(rec.error_type) + ": " + std::string(rec.error_text);
    else if (!rec.payload.empty()) e.detail = describe_payload(rec.payload);
    else e.detail = rec.target;
    entries.push_back(std::move(e));
  });
  return entries;
}

// ---------------------------------------------------------------- behind the templates

start_request::start_request(std::string_view i, std::string a, const start_options& o)
    : id(i),
      arguments(std::move(a)),
      attributes(pack(o.attributes)),
      conflict(o.conflict),
      reuse(o.reuse),
      delay(o.delay),
      run_timeout(o.run_timeout),
      execution_timeout(o.execution_timeout) {
  o.memo.encode_to(memo);
  check_memo(id, memo.size());
}
std::vector<start_result> core::start(engine_core& e, std::string_view name_space,
                                      std::string_view workflow,
                                      std::vector<start_request> requests) {
  return e.ask([&] { return e.start_runs(name_space, workflow, requests); });
}
std::optional<start_result> core::find(engine_core& e, std::string_view workflow, run_ref of) {
  return e.look([&](engine_core& from) { return from.find_run(workflow, of); });
}
v0::status core::status(engine_core& e, run_ref of) {
  return e.look([&](engine_core& from) { return from.status_of(of); });
}
void core::cancel(engine_core& e, run_ref of, std::string_view reason) {
  e.ask([&] { e.cancel_run(of, reason); });
}
void core::terminate(engine_core& e, run_ref of, std::string_view reason) {
  e.ask([&] { e.terminate_run(of, reason); });
}
void core::move(engine_core& e, run_ref of, std::string_view version) {
  e.ask([&] { e.move_run(of, version); });
}

std::optional<run_outcome> core::wait(engine_core& e, run_ref of, std::optional<duration> limit) {
  outcome_call c(of);
  c.needs_room = false;
  if (!e.submit(c, limit)) return std::nullopt;
  c.rethrow();
  return std::move(c.outcome);
}

void core::raise(engine_core& e, std::string_view id, const run_outcome& o) {
  auto name = shown(id);
  switch (o.status) {
    case v0::status::cancelled:
      throw run_cancelled(errc::run_cancelled, id,
                          "the run " + name + " was cancelled: " + o.error.message);
    case v0::status::terminated:
      throw run_terminated(errc::run_terminated, id,
                           "the run " + name + " was terminated: " + o.error.message);
    case v0::status::timed_out:
      throw run_timed_out(errc::run_timed_out, id,
                          "the run " + name + " took too long: " + o.error.message);
    case v0::status::stalled:
      throw error(errc::run_stalled, id, "the run " + name + " is stalled: " + o.error.message);
    default: break;
  }
  try {
    e.errors().raise(errc::run_failed, id, o.error);
  } catch (const child_failed&) {  // not declared
    throw run_failed(errc::run_failed, id, o.error);
  }
}

}  // namespace detail
}}  // namespace stet::v0
