#include "engine/advance/returns.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "base/users_exception.hpp"
#include "history/make.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t takes_between_looks = 32;  // some 50 microseconds

}  // namespace

bool returns::take() {
  if (commit_.is_refused()) return false;
  auto batch = bodies_.take_from_threads();
  batch.take(bodies_.inline_returned);
  if (batch.empty()) return false;
  time_.clock.look();  // bodies on this thread have taken some time
  std::size_t taken = 0;
  try {
    desk_.take_heartbeats();  // heartbeats of an attempt are recorded before its outcome
    while (std::unique_ptr<attempt> a{batch.pop()}) {
      take(*a);
      a.reset();
      commit_.commit_if_full();
      if (++taken % takes_between_looks == 0) commit_.keep_committing();
    }
  } catch (...) {  // the store failed: the rest is discarded at the close
    bodies_.inline_returned.take(batch);
    throw;
  }
  return true;
}

/// The attempt ran to its end, or never began.
void returns::take(attempt& a) {
  auto& r = a.run_of;
  auto held = runs_.table.hold(r);
  ensure(a.at != attempt::phase::running, "an attempt that comes back doesn't run");
  ensure(!r.forgotten && r.state.run == a.order.run, "the run of an attempt is in memory");
  r.remove(a);
  runs_.frames.reconsider(r);
  if (a.ticket.deadline != engine_time::never()) time_.timers.remove(a.order.run, timer_of(a));
  desk_.trials.ends(a);
  staller_.for_run(r, [&] {
    desk_.settle_heartbeats(a, has_result(a));
    count_return(r, a);
  });
}

/// Whether the attempt has a result that counts. One that a close has given up has none.
bool returns::has_result(const attempt& a) noexcept {
  auto* p = desk_.counts(a);
  bool came = p && a.at == attempt::phase::left && !a.outcome.error && !a.ticket.timed_out;
  return came && !came_late(*p, a);
}

void returns::count_return(resident& r, attempt& a) {
  auto* p = r.state.open() ? r.state.find(a.order.command) : nullptr;
  if (p && p->at == pending::phase::ending) body_returned(r, a);
  else if (desk_.counts(a)) finish_attempt(r, *p, a);
  if (a.order.tried != trial::none && a.at == attempt::phase::left) desk_.trials.clear(a);
  if (r.resumes_later && r.state.open() && r.state.stalled) staller_.resume(r);
}

/// The step has its outcome already, and its run waits for the step's bodies, since they refer to
/// its variables. An attempt that never began doesn't end that wait, and nothing does while another
/// attempt of the step runs.
void returns::body_returned(resident& r, const attempt& a) {
  bool another_runs = false;
  r.for_attempts_of(a.order.command, [&](const attempt& other) {
    another_runs |= other.at == attempt::phase::running;
  });
  if (a.at != attempt::phase::left || another_runs) return;
  driver_.take_event(r, events::body_returned(a.order.command));
}

void returns::finish_attempt(resident& r, pending& p, attempt& a) {
  ensure(p.attempt == a.order.number, "only the attempt that counts has a say");
  if (a.at == attempt::phase::revoked) return desk_.note_not_started(r, a);
  if (a.body->transacts) {
    a.transact(tables_, namespace_of(r.state));
    time_.clock.look();
  }
  tables_.rethrow_failure();  // the store's, even if a body on the loop has caught it
  if (STET_SEEDED(writes_before_result)) write_early(a);
  bool late = came_late(p, a);
  if (!a.ticket.timed_out && a.outcome.was_stopped && (a.outcome.threw || late))
    return cut_short(r, p, a);
  if (a.ticket.timed_out || late) {
    auto text = a.ticket.timed_out ? std::move(a.ticket.late) : "the body did not return in time";
    failure f{"stet::step_timed_out", std::move(text), {}, a.order.number};
    return timeouts_and_retries_.attempt_failed(r, p, a, f, errc::step_timed_out, false);
  }
  if (a.outcome.error) report_failure(r, p, a);
  else record_result(r, a);
}

void returns::report_failure(resident& r, pending& p, attempt& a) {
  failure f;
  bool permanent = false;
  {
    // The codecs of errors and the predicates are the step's own code.
    slot_guard here(services_.crash_slots, a.noted());
    f = services_.errors.describe(a.outcome.error);
    f.attempts = a.order.number;
    permanent = is_permanent(a, f);
  }
  timeouts_and_retries_.attempt_failed(r, p, a, f, errc::step_failed, permanent);
}

/// Records the result of a step, with all entries that it has written. If they can't be sealed the
/// attempt has failed, and none of them is recorded.
void returns::record_result(resident& r, attempt& a) {
  try {
    driver_.take_event(r, events::step_done(a.order.command, a.order.number, a.outcome.result),
                       tables_.seal(a.outcome.take_entries()), &a.outcome.result);
  } catch (const users_exception& why) {
    auto f = services_.errors.describe(why.thrown());
    f.attempts = a.order.number;
    timeouts_and_retries_.attempt_failed(r, *r.state.find(a.order.command), a, f, errc::step_failed,
                                         a.body->options.at_most_once);
  }
}

/// The attempt was asked to stop, by a close or because its run is stalled, and has no result. That
/// is no failure: the step is left as a crash leaves it, unless the body says (by stet::stopped)
/// that the step may be attempted again. Then the next attempt is recorded as one that hasn't
/// begun, so a step that is at_most_once is attempted again, too.
void returns::cut_short(resident& r, const pending& p, const attempt& a) {
  if (!a.threw_stopped()) return;
  const std::uint32_t next = a.order.number + 1;
  recorder_.append_note(r, notes::attempt(p.command, next));
  recorder_.append_note(r, notes::not_started(p.command, next));
}

/// Bodies that run on the loop's own thread return before any timer can fire, so their time is
/// checked afterwards.
bool returns::came_late(const pending& p, const attempt& a) noexcept {
  auto& o = a.body->options;
  auto began = a.began.load(std::memory_order_relaxed);
  if (o.timeout.count() > 0 && a.outcome.ended - began > o.timeout.count()) return true;
  return o.total_timeout.count() > 0 &&
         time_.clock.measure() + (a.outcome.ended - time_.clock.steady()) >
             time_.due.total_deadline(p, o);
}

bool returns::is_permanent(const attempt& a, const failure& f) noexcept {
  if (services_.errors.declares(f.type) || f.type == error_too_long) return true;
  try {
    std::rethrow_exception(a.outcome.error);
  } catch (const permanent_error&) { return true; } catch (const std::exception& e) {
    auto asked = a.body->options.retry.retryable;
    try {
      return asked && !asked(e);
    } catch (...) {
      // A predicate that throws has no answer. It is better to report the error to the workflow
      // than to retry without end.
      return true;
    }
  } catch (...) { return false; }
}

/// A seeded fault that the test campaigns have to find: the writes are durable before the result.
void returns::write_early(const attempt& a) {
  if (!a.outcome.written) return;
  batch early;
  auto& entries = a.outcome.written->entries;
  for (auto& [key, value] : entries)
    if (value) early.put(key, *value);
  if (!entries.empty()) services_.store.commit(early, durability::sync);
}

}}}  // namespace stet::v0::detail
