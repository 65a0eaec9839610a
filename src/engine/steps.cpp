// Steps: the gate before a body begins, what comes back, retries and time-outs.
#include <algorithm>
#include <cmath>

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "base/plus.hpp"
#include "base/shown.hpp"
#include "base/users_exception.hpp"
#include "engine/core.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t takes_between_looks = 32;  // some 50 microseconds
constexpr std::int64_t pending_trial_ms = 3000;  // of a suspect whose callbacks may bring us down

constexpr double pause_ms_max = 1e15;  // 30,000 years

}  // namespace

void engine_core::begin_step(resident& r, request& q, std::uint32_t number) {
  auto* a = new attempt(*this, r, q);
  auto* p = r.state.find(q.id);
  ensure(p && p->kind == command_kind::step, "a step that begins is pending");
  a->run_number = r.state.run;
  a->seed[0] = r.state.seed[0];
  a->seed[1] = r.state.seed[1];
  a->command = q.id;
  a->number = number;
  ensure(!r.forgotten, "a run that has a step is found by its number");
  a->lsn = r.last_lsn;
  a->progress = progress_of(r.state, *p);
  r.add(*a);
  gate_.push_back(a);
}

/// Lets begin what may begin: bodies for which everything is durable that their run had observed
/// and emitted when it emitted them. What came to the run since doesn't hold them up.
bool engine_core::open_gates() {
  if (is_refused() || closing_) return false;
  end_trials();
  // First the decisions, which may have to read the store, then the moves: if that throws, every
  // attempt is still in its place.
  for (auto* a : gate_) {
    bool durable = a->lsn <= journal_.durable_lsn() || STET_SEEDED(effect_before_durable);
    if (durable && a->at != attempt::phase::revoked)
      for_run(a->run_of, [&] { start_attempt(*a, a->run_of); });
  }
  work* first = nullptr;
  work** end = &first;
  attempt_row here;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < gate_.size(); ++i) {
    auto* a = gate_[i];
    // What transacts runs when it is taken, and its writes go with its result.
    bool goes_back = a->at == attempt::phase::revoked || (a->submitted && a->body->transacts);
    if (goes_back) {
      inline_returned_.push(*a);
    } else if (!a->submitted) {
      gate_[kept++] = a;
      continue;
    } else if (!executor_ || a->body->options.run_inline) {
      here.push(*a);
    } else {
      *end = a;
      end = &a->next;
      if (!a->later) ++outstanding_;
    }
    if (!goes_back && options_.resident_runs_max == 0) evict(a->run_of);  // it was rebuilt for this
  }
  gate_.resize(kept);
  *end = nullptr;
  if (first) {
    grow_until_ = std::chrono::steady_clock::now() + last_commit_ / 8;
    executor_->submit(first);
  }
  bool any = first || !here.empty() || !inline_returned_.empty();
  while (auto* a = here.pop()) a->run();
  return any;
}

/// Makes it ready to be submitted, unless it has to wait.
void engine_core::start_attempt(attempt& a, resident& r) {
  if (r.state.stalled) return;
  a.tried = suspects_.of({a.run_number, a.command});
  if (a.tried == trial::alone && tried_suspect_ && !tried_suspect_->lends)
    return arm_held(a);  // one at a time
  if (!ensure_frame(r)) return;
  if (a.tried == trial::alone) tried_suspect_ = &a;
  if (auto* q = r.frame->find(a.command); q && q != a.body)
    a.rebind(*q);  // the frame was rebuilt since
  if (a.body->completes && !a.later) a.later = new completion_state(a);
  if (a.later && a.tried != trial::none) try_for_a_moment(a);
  ensure(a.lsn <= journal_.durable_lsn() || STET_SEEDED(effect_before_durable),
         "a body begins only when its cause is durable");
  ensure(r.state.find(a.command) != nullptr, "an attempt that begins is of a step that waits");
  a.submitted = true;
  arm_attempt(a, *r.state.find(a.command));
}

/// It is held in the gate meanwhile: the time of its step goes on.
void engine_core::arm_held(attempt& a) {
  auto* p = counts(a);
  if (!p || a.deadline != INT64_MAX) return;
  a.deadline = total_deadline(*p, a.body->options);
  if (a.deadline != INT64_MAX) timers_.add(a.deadline, a.run_number);
}

void engine_core::arm_attempt(attempt& a, const pending& p) {
  auto& o = a.body->options;
  a.deadline = total_deadline(p, o);
  for (auto limit : {o.timeout, o.heartbeat_timeout})
    if (limit.count() > 0) a.deadline = std::min(a.deadline, plus(now_, limit.count()));
  if (a.deadline != INT64_MAX) timers_.add(a.deadline, a.run_number);
}

std::int64_t engine_core::total_deadline(const pending& p, const step_options& o) const noexcept {
  return o.total_timeout.count() > 0 ? since_armed(p, o.total_timeout) : INT64_MAX;
}

/// When so much time has passed since the step was emitted.
std::int64_t engine_core::since_armed(const pending& p, duration d) const noexcept {
  return time_.due(plus(p.armed, d.count()), p.lsn);
}

/// No attempt begins later.
std::int64_t engine_core::elapsed_end(const pending& p, const step_options& o) const noexcept {
  auto most = o.retry.max_elapsed;
  return most.count() > 0 ? since_armed(p, most) : INT64_MAX;
}

/// As they came.
attempt_row engine_core::take_from_threads() noexcept {
  attempt_row row;
  for (auto* a = returned_.exchange(nullptr); a;) {  // the latest first
    if (!a->later) --outstanding_;
    row.push_front(*std::exchange(a, a->next_in_row));
  }
  return row;
}

bool engine_core::take_returned() {
  if (is_refused()) return false;
  auto batch = take_from_threads();
  batch.take(inline_returned_);
  if (batch.empty()) return false;
  look_at_time();  // bodies on this thread have taken some
  std::size_t taken = 0;
  try {
    take_beats();  // what an attempt said before it came back is before its outcome
    while (std::unique_ptr<attempt> a{batch.pop()}) {
      take(*a);
      a.reset();
      relieve();
      if (++taken % takes_between_looks == 0) keep_committing();
    }
  } catch (...) {  // the store failed: the rest is discarded at the close
    inline_returned_.take(batch);
    throw;
  }
  return true;
}

/// A suspect that was tried has brought nothing down.
void engine_core::acquit(const attempt& a) noexcept {
  if (tried_suspect_ == &a) tried_suspect_ = nullptr;  // pending: others have their turn
  suspects_.acquit({a.run_number, a.command});
}

/// A pending step may be so for days: it is tried for a moment, in which its callbacks come. So is
/// a body that was asked to return.
void engine_core::try_for_a_moment(attempt& a) {
  auto ends = plus(now_, pending_trial_ms);
  pending_trials_.push_back({ends, &a, a.run_number});
  timers_.add(ends, a.run_number);
}

/// Those whose moment is over have come through.
void engine_core::end_trials() {
  while (!pending_trials_.empty() && pending_trials_.front().ends <= now_) {
    auto t = pending_trials_.front();
    pending_trials_.pop_front();
    auto* r = in_memory(t.run);
    if (!r || std::find(r->attempts.begin(), r->attempts.end(), t.who) == r->attempts.end())
      continue;
    auto& a = *t.who;
    if (a.later && a.later->acquit()) {
      acquit(a);
    } else if (a.stop && a.at == attempt::phase::running) {  // it hangs: others have their turn
      if (tried_suspect_ == &a) tried_suspect_ = nullptr;
      slots_.acquit(a.slot);
    } else if (a.later && a.at != attempt::phase::left) {
      try_for_a_moment(a);  // its body hasn't returned
    }
  }
}

/// An attempt has come back: it ran to its end, or never began.
void engine_core::take(attempt& a) {
  auto& r = a.run_of;
  auto held = hold(r);
  ensure(a.at != attempt::phase::running, "an attempt that comes back doesn't run");
  ensure(!r.forgotten && r.state.run == a.run_number, "the run of an attempt is in memory");
  r.remove(a);
  if (tried_suspect_ == &a) tried_suspect_ = nullptr;
  for_run(r, [&] { count_return(r, a); });
}

/// What the attempt is of, if its step waits for just this one; null if it has no say (any more).
pending* engine_core::counts(const attempt& a) noexcept {
  auto& s = a.run_of.state;
  auto* p = s.open() && !a.left_behind ? s.find(a.command) : nullptr;
  return p && p->at == pending::phase::waiting && p->attempt == a.number ? p : nullptr;
}

/// It certainly did nothing: the step's next attempt is this one again.
void engine_core::note_not_started(resident& r, const attempt& a) {
  record n;
  n.kind = record_kind::not_started;
  n.command = a.command;
  n.attempt = a.number;
  note(r, n);
}

void engine_core::count_return(resident& r, attempt& a) {
  auto* p = r.state.open() ? r.state.find(a.command) : nullptr;
  if (p && p->at == pending::phase::ending) {
    // The run's variables are waited for by whoever refers to them: not by an attempt that never
    // began, and not while another one runs.
    bool another_runs = std::any_of(r.attempts.begin(), r.attempts.end(), [&](auto* other) {
      return other->command == a.command && other->at == attempt::phase::running;
    });
    if (a.at == attempt::phase::left && !another_runs) {
      record e;
      e.kind = record_kind::body_returned;
      e.command = a.command;
      happen(r, e);
    }
  } else if (counts(a)) {
    finish_attempt(r, *p, a);
  }
  if (a.tried != trial::none && a.at == attempt::phase::left) acquit(a);
  if (r.resumes_later && r.state.open() && r.state.stalled) resume_stalled(r);
}

void engine_core::finish_attempt(resident& r, pending& p, attempt& a) {
  ensure(p.attempt == a.number, "only the attempt that counts has a say");
  if (a.at == attempt::phase::revoked) return note_not_started(r, a);
  if (a.body->transacts) {
    a.transact(state_, namespace_of(r.state));
    look_at_time();
  }
  state_.rethrow_failure();  // the store's, whatever a body that ran on the loop made of it
  if (STET_SEEDED(writes_before_result)) {
    batch early;
    for (auto& [key, value] : a.writes)
      if (value) early.put(key, *value);
    if (!a.writes.empty()) store_->commit(early, durability::sync);
  }
  bool late = came_late(p, a);
  if (!a.timed_out && a.was_stopped && (a.threw || late)) return cut_short(r, p, a);
  if (a.timed_out || late) {
    auto text = a.timed_out ? std::move(a.late) : "the body did not return in time";
    failure f{"stet::step_timed_out", std::move(text), {}, a.number};
    return attempt_failed(r, p, a, f, errc::step_timed_out, false);
  }
  if (a.error) {
    failure f;
    bool permanent = false;
    {
      slot_guard here(slots_, a.noted());  // codecs of errors and predicates are code of the step
      f = errors_.describe(a.error);
      f.attempts = a.number;
      permanent = is_permanent(a, f);
    }
    return attempt_failed(r, p, a, f, errc::step_failed, permanent);
  }
  try {
    record_result(r, a);
  } catch (const users_exception& why) {  // nothing of it is recorded
    auto f = errors_.describe(why.thrown());
    f.attempts = a.number;
    attempt_failed(r, *r.state.find(a.command), a, f, errc::step_failed,
                   a.body->options.at_most_once);
  }
}

/// What a step came to, with all that it has written. Throws a users_exception if that can't be
/// sealed.
void engine_core::record_result(resident& r, attempt& a) {
  record e;
  e.kind = record_kind::step_done;
  e.command = a.command;
  e.attempt = a.number;
  e.payload = a.result;
  struct cleared {  // whatever comes of it: they are no other event's
    sealed_writes& writes;
    ~cleared() { writes.clear(); }
  } on_exit{writes_of_event_};
  if (!a.writes.empty()) writes_of_event_ = state_.seal(std::move(a.writes));
  happen(r, e);
}

/// A close, or the stall of its run, has asked the attempt to stop, and it gave no result. That is
/// no failure: the step is left as a crash leaves it, unless the body says that it may be attempted
/// again. Then the next attempt is noted as one that has not begun, so that it follows also where a
/// step is at_most_once.
void engine_core::cut_short(resident& r, const pending& p, const attempt& a) {
  if (!a.threw_stopped()) return;
  record n;
  n.kind = record_kind::attempt;
  n.command = p.command;
  n.attempt = a.number + 1;
  note(r, n);
  n.kind = record_kind::not_started;
  note(r, n);
}

/// Bodies that run on the loop's own thread return before any timer can fire: their time is looked
/// at afterwards.
bool engine_core::came_late(const pending& p, const attempt& a) noexcept {
  auto& o = a.body->options;
  auto began = a.began.load(std::memory_order_relaxed);
  if (o.timeout.count() > 0 && a.ended - began > o.timeout.count()) return true;
  return o.total_timeout.count() > 0 &&
         plus(time_.measure(), a.ended - steady_ms()) > total_deadline(p, o);
}

bool engine_core::is_permanent(const attempt& a, const failure& f) noexcept {
  if (errors_.declares(f.type) || f.type == error_too_long) return true;
  try {
    std::rethrow_exception(a.error);
  } catch (const permanent_error&) { return true; } catch (const std::exception& e) {
    auto asked = a.body->options.retry.retryable;
    try {
      return asked && !asked(e);
    } catch (...) {
      return true;  // a predicate that throws doesn't know: better to tell the workflow than to try
                    // for ever
    }
  } catch (...) { return false; }
}

std::int64_t engine_core::retry_delay(const retry_policy& p, std::uint32_t failures) noexcept {
  auto random = static_cast<double>(entropy_.bits() >> 11) / 9007199254740992.0;  // 0 to 1
  if (p.initial_interval.count() <= 0)
    return 0;  // also after so many failures that the power is
               // infinite
  auto longest =
      p.max_interval.count() > 0 ? static_cast<double>(p.max_interval.count()) : pause_ms_max;
  auto interval = std::min(
      longest, static_cast<double>(p.initial_interval.count()) * std::pow(p.backoff, failures));
  interval *= 1 + p.jitter * (2 * random - 1);
  return static_cast<std::int64_t>(std::clamp(interval, 0.0, pause_ms_max));
}

/// Another attempt, or the end of the step.
void engine_core::attempt_failed(resident& r, pending& p, attempt& a, const failure& f, errc code,
                                 bool permanent) {
  auto& o = a.body->options;
  auto delay = retry_delay(o.retry, p.failures);
  look_at_time();
  auto next = plus(now_, delay);
  bool last = permanent || (o.retry.max_attempts != 0 && p.failures + 1 >= o.retry.max_attempts) ||
              next > elapsed_end(p, o);
  if (last) {
    record e;
    e.kind = record_kind::step_failed;
    e.command = p.command;
    e.code = code;
    std::string path;
    set_failure(e, f, path);
    return surely(&engine_core::happen, r, e);
  }
  record n;
  n.kind = record_kind::retry;
  n.time = now_;
  n.command = p.command;
  n.attempt = a.number;
  n.number =
      std::min(next, total_deadline(p, o));  // woken at the deadline of all attempts, it ends there
  n.error_type = f.type;
  n.error_text = f.message;
  n.late = time_.due(0, p.lsn);  // what is due since the step was emitted is by the clock of now
  if (n.late) n.flags = record_flag::late;
  timers_.add(n.number, r.state.run);
  surely(&engine_core::note, r, n);
}

std::string engine_core::last_error(const resident& r, const pending& p) const {
  if (!p.more) return {};
  return text_of(r.state, p.more->last_error, record_kind::retry, payload_field::error_text,
                 p.command);
}

/// That of the attempt of a step that failed last: from its run's history.
std::string engine_core::last_error_type(resident& r, std::uint32_t command) {
  std::string type;
  for_each_record(r, [&](const record& rec) {
    if (rec.kind == record_kind::retry && rec.command == command) type = rec.error_type;
  });
  return type;
}

/// The pause after a failed attempt, or a crash, is over.
void engine_core::next_attempt(resident& r, pending& p) {
  if (is_convicted(p))
    return fail_step(r, p, errc::step_crashed, "stet::step_crashed",
                     "the process died " + std::to_string(p.crashes) +
                         " times while this step alone was under suspicion");
  if (!ensure_frame(r)) return;
  auto* q = r.frame->find(p.command);
  if (!q) return park(r, "step '" + p.name + "' is pending, and today's code doesn't wait for it");
  if (time_.is_over(total_deadline(p, q->options)))
    return fail_step(r, p, errc::step_timed_out, "stet::step_timed_out",
                     "its total time is over; the last attempt said: " + last_error(r, p));
  if (p.failures > 0 && elapsed_end(p, q->options) < time_.past())
    return fail_step(r, p, errc::step_failed, last_error_type(r, p.command), last_error(r, p));
  record n;
  n.kind = record_kind::attempt;
  n.command = p.command;
  n.attempt =
      p.at == pending::phase::parked || STET_SEEDED(forget_attempts) ? p.attempt : p.attempt + 1;
  note(r, n);
  begin_step(r, *q, n.attempt);
}

void engine_core::fail_step(resident& r, const pending& p, errc code, std::string_view type,
                            std::string_view text, bool waits) {
  record e;
  e.kind = record_kind::step_failed;
  e.flags = waits ? record_flag::waits : 0;
  e.command = p.command;
  e.attempt = p.attempt;
  e.code = code;
  e.error_type = type;
  e.error_text = text;
  surely(&engine_core::happen, r, e);
}

/// When an attempt has to be looked at again: never, or after so much time.
std::int64_t engine_core::time_left(const pending& p, const attempt& a) noexcept {
  auto& o = a.body->options;
  auto left = INT64_MAX;
  auto steady = steady_ms();
  auto began = a.began.load(std::memory_order_relaxed);  // its own time begins when its body does
  auto limit = [&](duration d, std::int64_t since) {
    if (d.count() > 0)
      left = std::min(left, since < 0 ? d.count() : plus(since, time_.whole(d.count())) - steady);
  };
  limit(o.timeout, began);
  limit(o.heartbeat_timeout, std::max(began, a.beat.load(std::memory_order_relaxed)));
  auto total = total_deadline(p, o);
  return total == INT64_MAX ? left : std::min(left, time_.shown(total) - now_);
}

/// The time of an attempt is up.
void engine_core::time_out(resident& r, pending& p, attempt& a, const step_options& o) {
  bool never_began = a.revoke();
  ask_to_return(a);
  take_beats();  // what it said until then is the next one's
  bool must_wait = !never_began && a.body->waits_for_body;
  bool over = time_.is_over(total_deadline(p, o));
  bool last = over || o.at_most_once ||
              (o.retry.max_attempts != 0 && p.failures + 1 >= o.retry.max_attempts);
  auto began = a.began.load(std::memory_order_relaxed);
  bool silent = !over && (o.timeout.count() == 0 || steady_ms() - began < o.timeout.count());
  auto limit = over ? o.total_timeout : silent ? o.heartbeat_timeout : o.timeout;
  auto text = (silent              ? "there was no heartbeat within "
               : a.body->completes ? "the step was not completed within "
                                   : "the body did not return within ") +
              std::to_string(limit.count()) + " ms";
  if (last) {
    if (!must_wait) leave_behind(a);
    return fail_step(r, p, errc::step_timed_out, "stet::step_timed_out", text, must_wait);
  }
  a.timed_out = true;
  a.late = text;
  if (must_wait) return;  // it is retried when the body has returned
  leave_behind(a);
  attempt_failed(r, p, a, {"stet::step_timed_out", text, {}, a.number}, errc::step_timed_out,
                 false);
}

/// Nobody waits for an attempt any more. What is pending comes back at once, its body apart, which
/// is waited for.
void engine_core::leave_behind(attempt& a) noexcept {
  a.left_behind = true;
  if (a.later && !a.body->waits_for_body && a.later->give_up()) inline_returned_.push(a);
}

/// Asks a body to return. One that goes on is named after a while; and if it is tried as a suspect
/// its trial ends after a moment, in which it may still kill, since it may never come back.
void engine_core::ask_to_return(attempt& a) noexcept {
  not_user_code here;  // what it gave to on_stop() isn't the workflow's
  a.ask_to_stop();
  if (a.at != attempt::phase::running || (a.is_pending() && !a.body->waits_for_body)) return;
  a.deadline = plus(now_, after_stop_ms);
  try {
    timers_.add(a.deadline, a.run_number);
    if (a.tried == trial::alone) try_for_a_moment(a);
  } catch (const std::bad_alloc&) {}  // then nobody names it
}

/// A pending step is given up by its workflow, during a drive.
bool engine_core::stop_body(std::uint64_t run, std::uint32_t command) noexcept {
  bool wait = false;
  for (auto* a : in_memory(run)->attempts) {
    if (a->command != command || a->left_behind || a->revoke()) continue;
    ask_to_return(*a);
    if (a->body->waits_for_body) wait = true;
    else leave_behind(*a);
  }
  return wait;
}

/// What a body refers to is destroyed when this returns.
void engine_core::await_body(std::uint64_t run, std::uint32_t command) noexcept {
  not_user_code here;
  for (auto* a : in_memory(run)->attempts) {
    if (a->command != command) continue;
    a->left_behind = true;
    if (a->revoke()) continue;
    ask_to_return(*a);
    leave_behind(*a);
    if (!a->body->waits_for_body) continue;
    loop_thread::inside_body inside(thread_);
    for (int waited_ms = 0; a->at == attempt::phase::running; ++waited_ms) {
      if (waited_ms == 1000)
        listener_.problem("the run " + shown(in_memory(run)->state.id) +
                          ", and every other, waits for "
                          "the body of step " +
                          shown(a->body->name) +
                          ": it belongs to a handler of an update that is being destroyed");
      if (waited_ms >= 1000) refuse_calls(*a);  // the body may be waiting for one of them
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

void engine_core::heartbeat(attempt& a, std::string progress) {
  a.beat.store(body_ms(), std::memory_order_relaxed);
  std::lock_guard lock(mutex_);
  if (failed_) return;
  beats_.insert_or_assign({a.run_number, a.command, a.number}, std::move(progress));
  if (asleep_) {
    woken_ = true;
    wake_.notify_one();
  }
}

/// Records the latest heartbeat of each attempt. Only the attempt that counts has a say: one that
/// was left behind, or whose step has its outcome, says nothing about the next one.
bool engine_core::take_beats() {
  if (is_refused()) return false;  // until there is room each says its latest
  decltype(beats_) beats;
  {
    std::lock_guard lock(mutex_);
    beats.swap(beats_);
  }
  for (auto& [of, progress] : beats) {
    auto* r = in_memory(of.run);
    auto* p = r && r->state.open() ? r->state.find(of.command) : nullptr;
    if (!p) continue;
    bool counts = p->at == pending::phase::waiting && p->attempt == of.attempt;
    if (!counts && !STET_SEEDED(beats_of_any_attempt)) continue;
    record n;
    n.kind = record_kind::progress;
    n.command = of.command;
    n.payload = progress;
    try {
      note(*r, n);
    } catch (const users_exception& e) {  // the next one says more
      listener_.problem(words_of(e.thrown()));
    }
    relieve();
  }
  return !beats.empty();
}

}  // namespace detail
}}  // namespace stet::v0
