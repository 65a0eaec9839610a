#include "engine/advance/timeouts_and_retries.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/hooks.hpp"
#include "base/plus.hpp"
#include "base/shown.hpp"
#include "history/make.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr double pause_ms_max = 1e15;        // 30,000 years
constexpr std::uint32_t first_reported = 5;  // failures of a step

}  // namespace

bool timeouts_and_retries::is_convicted(const pending& p) const noexcept {
  auto most = services_.options.max_crashes;
  return most != 0 && p.crashes >= most;
}

void timeouts_and_retries::next_attempt(resident& r, pending& p) {
  if (is_convicted(p))
    return fail_step(r, p, errc::step_crashed, "stet::step_crashed",
                     "the process died " + std::to_string(p.crashes) +
                         " times while this step alone was under suspicion");
  if (!frames_.ensure_frame(r)) return;
  auto* q = r.frame->commands.find(p.command);
  if (!q)
    return staller_.stall(r,
                          "step '" + p.name + "' is pending, and today's code doesn't wait for it");
  if (time_.clock.is_over(time_.due.total_deadline(p, q->options)))
    return fail_step(
        r, p, errc::step_timed_out, "stet::step_timed_out",
        "its total time is over; the last attempt said: " + runs_.texts.last_error(r.state, p));
  if (p.failures > 0 && time_.due.last_attempt(p, q->options) < time_.clock.past())
    return fail_step(r, p, errc::step_failed, last_error_type(r, p.command),
                     runs_.texts.last_error(r.state, p));
  bool never_began = p.at == pending::phase::not_started || STET_SEEDED(forget_attempts);
  const std::uint32_t number = never_began ? p.attempt : p.attempt + 1;
  recorder_.append_note(r, notes::attempt(p.command, number));
  desk_.begin_step(r, *q, number);
}

/// The error type of the attempt that failed last. It is read from the run's history.
std::string timeouts_and_retries::last_error_type(resident& r, command_number command) {
  std::string type;
  runs_.history.for_each(r, [&](const record& rec) {
    if (rec.kind == record_kind::retry && rec.command == command) type = rec.error_type;
  });
  return type;
}

std::int64_t timeouts_and_retries::pause_after(const retry_policy& p,
                                               std::uint32_t failures) noexcept {
  auto random = static_cast<double>(services_.entropy.bits() >> 11) / 9007199254740992.0;  // 0 to 1
  // After many failures the power below is infinite, and 0 times that isn't a number.
  if (p.initial_interval.count() <= 0) return 0;
  auto longest =
      p.max_interval.count() > 0 ? static_cast<double>(p.max_interval.count()) : pause_ms_max;
  auto interval = std::min(
      longest, static_cast<double>(p.initial_interval.count()) * std::pow(p.backoff, failures));
  interval *= 1 + p.jitter * (2 * random - 1);
  return static_cast<std::int64_t>(std::clamp(interval, 0.0, pause_ms_max));
}

void timeouts_and_retries::attempt_failed(resident& r, pending& p, attempt& a, const failure& f,
                                          errc code, bool permanent) {
  auto& o = a.body->options;
  auto pause = pause_after(o.retry, p.failures);
  time_.clock.look();
  auto next = time_.now() + pause;
  bool is_last = permanent ||
                 (o.retry.max_attempts != 0 && p.failures + 1 >= o.retry.max_attempts) ||
                 next > time_.due.last_attempt(p, o);
  if (is_last) {
    record e = events::step_failed(p.command, p.attempt, code);
    std::string path;
    set_failure(e, f, path);
    return driver_.take_event_surely(r, e);
  }
  record n = make(record_kind::retry, p.command);
  n.time = time_.now();
  n.attempt = a.order.number;
  // A run that is woken at the deadline for all attempts ends the step then.
  auto due = std::min(next, time_.due.total_deadline(p, o));
  n.number = due.value();
  n.error_type = f.type;
  n.error_text = f.message;
  // By how much today's clock shifts times that were recorded when the step was emitted.
  n.late = time_.clock.history().shift_at(p.lsn);
  if (n.late) n.flags = flag::retry::late;
  time_.timers.add(due, r.state.run, timer_owner(p.command));
  recorder_.append_note_surely(r, n);
  report_failures(r.state, p, f, a.order.number, pause);
}

/// After 5 failures, 10, 20, 40, …: a step that is tried without limit shows nothing else.
void timeouts_and_retries::report_failures(const run_state& s, const pending& p,
                                           const failure& last, std::uint32_t attempt,
                                           std::int64_t pause_ms) {
  auto times = p.failures;
  while (times > first_reported && times % 2 == 0) times /= 2;
  if (times != first_reported) return;
  auto text = "step " + shown(p.name) + " of run " + shown(s.id) + " of workflow " +
              shown(s.workflow) + " has failed " + std::to_string(p.failures) +
              " times, and is tried again in " + std::to_string(pause_ms) + " ms. Attempt " +
              std::to_string(attempt) + " said: " + last.type + ": " + last.message;
  services_.reporter.event({.kind = event_kind::step_keeps_failing,
                            .text = text,
                            .workflow = s.workflow,
                            .workflow_id = s.id,
                            .step = p.name,
                            .run = s.run.value(),
                            .attempt = attempt,
                            .error = last.message});
}

void timeouts_and_retries::fail_step(resident& r, const pending& p, errc code,
                                     std::string_view type, std::string_view text, bool waits) {
  record e = events::step_failed(p.command, p.attempt, code, type, text);
  e.flags = waits ? flag::step_failed::waits : 0;
  driver_.take_event_surely(r, e);
}

std::int64_t timeouts_and_retries::time_left(const pending& p, const attempt& a) noexcept {
  auto& o = a.body->options;
  std::int64_t left = INT64_MAX;
  auto steady = time_.clock.steady();
  auto began = a.began.load(std::memory_order_relaxed);  // set when the body begins; -1 before
  auto limit = [&](duration d, std::int64_t since) {
    if (d.count() <= 0) return;
    std::int64_t rest = since < 0 ? d.count() : plus(since, time_.clock.whole(d.count())) - steady;
    left = std::min(left, rest);
  };
  limit(o.timeout, began);
  limit(o.heartbeat_timeout, std::max(began, a.beat.load(std::memory_order_relaxed)));
  auto total = time_.due.total_deadline(p, o);
  return total == engine_time::never() ? left
                                       : std::min(left, time_.clock.shown(total) - time_.now());
}

void timeouts_and_retries::time_out(resident& r, pending& p, attempt& a) {
  auto& o = a.body->options;
  bool never_began = a.revoke();
  desk_.ask_to_return(a);
  desk_.take_heartbeats();  // the next attempt gets what this one has reported so far
  desk_.settle_heartbeats(a, false);
  bool must_wait = !never_began && a.body->holds_run();
  bool over = time_.clock.is_over(time_.due.total_deadline(p, o));
  bool is_last = over || o.at_most_once ||
                 (o.retry.max_attempts != 0 && p.failures + 1 >= o.retry.max_attempts);
  auto began = a.began.load(std::memory_order_relaxed);
  bool silent =
      !over && (o.timeout.count() == 0 || time_.clock.steady() - began < o.timeout.count());
  auto limit = over ? o.total_timeout : silent ? o.heartbeat_timeout : o.timeout;
  auto text = (silent              ? "there was no heartbeat within "
               : a.body->completes ? "the step was not completed within "
                                   : "the body did not return within ") +
              std::to_string(limit.count()) + " ms";
  a.ticket.late = text;
  if (is_last) {
    if (!must_wait) desk_.leave_behind(a);
    return fail_step(r, p, errc::step_timed_out, "stet::step_timed_out", text, must_wait);
  }
  a.ticket.timed_out = true;
  if (must_wait) return;  // the step is retried when the body has returned
  desk_.leave_behind(a);
  attempt_failed(r, p, a, {"stet::step_timed_out", text, {}, a.order.number}, errc::step_timed_out,
                 false);
}

}}}  // namespace stet::v0::detail
