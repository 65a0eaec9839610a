#include "engine/loop/turns.hpp"

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "base/users_exception.hpp"
#include "engine/services/failures.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

// While a timer is pending the clocks are read this often: no machine says that it was suspended,
// and no clock says that it was set (docs/decisions/naps.md).
constexpr std::int64_t nap_ms_max = 4'000;
constexpr std::int64_t sleep_ms_max = 86'400'000;  // otherwise; there must be some limit

}  // namespace

bool turns::turn() {
  e_.time.keeper.update_now(e_.time.timers.size() > 0);
  bool busy = e_.commit.finish_commit();
  // A refused block is tried again before callers get the error that it is still refused.
  if (busy || e_.commit.is_refused()) busy |= e_.commit.commit();
  busy |= e_.advance.gate.open([&] { (void)e_.advance.returns.take(); });
  busy |= e_.advance.returns.take();
  busy |= e_.desk.take_heartbeats();
  busy |= take_calls();
  busy |= e_.advance.waker.fire_timers();
  busy |= drive_ready();
  busy |= calls_.sweeper.sweep();
  e_.runs.table.keep_within_residency();  // also of coroutines that were kept for this turn
  e_.bodies.threads.watch(e_.time.clock);
  if (e_.bodies.threads.take_full() && e_.bodies.threads.queued() > 0)
    e_.crowding.report(e_.bodies.threads.queued());
  if (STET_SEEDED(effect_before_durable)) busy |= e_.advance.gate.open();
  busy |= e_.commit.commit();
  return busy;
}

bool turns::take_calls() {
  ensure(e_.thread.is_here(), "calls are performed on the engine's thread");
  bool any = e_.inbox.take();
  while (auto* c = e_.inbox.next()) {
    if (e_.commit.is_refused() && c->needs_room) {
      c->done(e_.commit.why_refused());
      continue;
    }
    if (auto failed = perform(*c)) {
      c->fails(std::move(failed));
      e_.commit.answer(*c, e_.journal.last_lsn());
    }
    e_.commit.commit_if_full();
  }
  return any;
}

/// Returns the error that the call is answered with, or null if it succeeded.
std::exception_ptr turns::perform(call& c) {
  try {
    if (auto lsn = c.perform(calls_)) e_.commit.answer(c, std::min(*lsn, e_.journal.last_lsn()));
    // These leave incomplete data in memory. The engine fails, and so do this call and those after
    // it.
  } catch (const store_error&) { throw; } catch (const std::bad_alloc&) {
    throw;
  } catch (const broken_invariant&) {
    throw;
  } catch (const users_exception& e) {  // it concerns the call alone
    return as_error(e.thrown());
  } catch (...) { return as_error(std::current_exception()); }
  return nullptr;
}

bool turns::drive_ready() {
  return e_.advance.waker.drive_ready([&] { return is_close_over(); });
}

/// The time for the close is over: runs that are ready are left to the next engine.
bool turns::is_close_over() const noexcept {
  return close_by && std::chrono::steady_clock::now() >= *close_by;
}

void turns::loop() noexcept {
  as_loop here(e_);
  try {
    while (!e_.inbox.is_closing())
      if (!turn()) sleep(sleep_ms_max);
  } catch (...) { fail(std::current_exception()); }
  e_.thread.ends();
}

/// The engine time at which something is to be done, if nothing comes in.
engine_time turns::wakeup_time() const {
  if (e_.commit.is_refused()) return e_.commit.last_refusal().retry_at;  // nothing happens earlier
  const auto now = e_.time.now();
  auto until = e_.time.timers.next_time();
  if (!e_.services.is_manual()) until = std::min(until, e_.runs.sweeps.next);
  if (until != engine_time::never())
    until = std::clamp(e_.time.clock.shown(until), now, now + nap_ms_max);
  if (e_.bodies.threads.starve()) until = std::min(until, now + starved_ms);
  until = std::min(until, now + e_.desk.next_heartbeat());
  return until;
}

void turns::sleep(std::int64_t ms_max) {
  const auto now = e_.time.now();
  auto until = std::min(wakeup_time(), now + ms_max);
  auto end = std::chrono::steady_clock::now() + duration(std::max<std::int64_t>(until - now, 1));
  // commit() may have let a block grow until a time that is over by now.
  if (e_.commit.is_idle() && e_.journal.has_something())
    end = std::min(end, e_.commit.grows_until());
  // Attempts and heartbeats that are taken only when there is room again don't keep the loop awake.
  e_.inbox.sleep_until(end, [&] {
    return (!e_.commit.is_refused() && e_.bodies.has_something()) || e_.commit.has_written() ||
           e_.bodies.threads.is_full();
  });
}

std::optional<engine_time> turns::next_wakeup(bool was_busy) const {
  if (e_.commit.is_refused()) return e_.commit.last_refusal().retry_at;  // nothing happens earlier
  if (was_busy || !e_.runs.agenda.empty()) return e_.time.now();
  auto due = e_.time.timers.next_time();
  if (due != engine_time::never()) due = e_.time.clock.shown(due);
  const auto beat = e_.desk.next_heartbeat();
  if (beat != INT64_MAX) due = std::min(due, e_.time.clock.measure() + beat);
  return due == engine_time::never() ? std::nullopt : std::optional(due);
}

// ---------------------------------------------------------------- the end

void turns::fail(std::exception_ptr e) noexcept {
  e = as_error(e);
  e_.inbox.fail(e);
  fail_everybody(e);
  for (auto& [run, r] : e_.runs.table.all())
    for (auto* a : r->attempts)
      if (!a->revoke()) a->ask_to_stop();
  try {
    std::rethrow_exception(e);
  } catch (const std::exception& x) {
    e_.services.reporter.report_failure(event_kind::engine_stopped,
                                        "the engine stopped: ", text_of(x));
  } catch (...) { e_.services.reporter.report(event_kind::engine_stopped, "the engine stopped"); }
}

void turns::fail_everybody(const std::exception_ptr& e) noexcept {
  e_.inbox.fail_all(e);
  e_.commit.answers.clear();
  for (auto& [run, r] : e_.runs.table.all()) {
    r->waiting_calls.clear();
    r->updaters.clear();
    r->watchers.clear();
  }
}

void turns::discard_attempts() noexcept {
  auto all = e_.bodies.take_from_threads();
  all.take(e_.bodies.inline_returned);
  for (auto* a : e_.bodies.gate) all.push(*a);
  e_.bodies.gate.clear();
  while (std::unique_ptr<attempt> a{all.pop()}) a->run_of.remove(*a);
}

}}}  // namespace stet::v0::detail
