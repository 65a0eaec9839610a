#include "engine/loop/closing.hpp"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "engine/services/failures.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr int patience_ms = 1000;  // then a step that the close waits for is reported

void wait_a_moment() { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }

}  // namespace

std::exception_ptr engine_is_closed() noexcept {
  return to_exception([] { return error(errc::closed, "engine", "the engine is closed"); });
}

bool closing::is_over() noexcept {
  auto by = turns_.close_by;
  left_bodies = left_bodies || (by && std::chrono::steady_clock::now() >= *by);
  return left_bodies;
}

void closing::finish() {
  failpoint("close");
  for (auto& [run, r] : e_.runs.table.all())
    for (auto* a : r->attempts)
      if (!a->revoke()) a->ask_to_stop();
  if (!e_.inbox.has_failed()) let_bodies_go();
  end_bodies();
  if (e_.inbox.has_failed()) return;
  e_.time.keeper.update_now(e_.time.timers.size() > 0);
  e_.commit.wait();
  if (e_.commit.is_refused()) {  // the last try: there may be room by now
    e_.commit.retry_now();
    (void)e_.commit.commit();
  }
  take_what_came();
  write_the_rest();
  e_.services.crash_slots.close();
}

void closing::take_what_came() {
  (void)turns_.take_calls();
  (void)e_.advance.returns.take();
  (void)turns_.drive_ready();  // once: runs that keep each other busy never stop
  for (auto* a : e_.bodies.gate) {
    a->revoke();
    e_.bodies.inline_returned.push(*a);
  }
  e_.bodies.gate.clear();
  (void)e_.advance.returns.take();
  (void)e_.desk.take_heartbeats(true);
}

void closing::write_the_rest() {
  for (auto& [run, r] : e_.runs.table.all()) e_.commit.checkpointer.slice(*r);
  e_.journal.mark_clean();
  e_.commit.wait();
  while (e_.commit.commit()) {}
  if (!e_.commit.is_refused()) return;
  auto as = e_.commit.last_refusal().as;
  throw error(as, "close",
              std::string(as == errc::busy ? "another program holds the store"
                                           : "the store has no room for the last commit") +
                  "; what was acknowledged is safe");
}

/// Bodies may be waiting for the engine, themselves or through other threads, and the engine is
/// about to wait for them. So calls are answered first; callers that wait for a run get the error
/// that the engine is closed.
void closing::let_bodies_go() {
  do {
    e_.commit.wait();
    (void)turns_.take_calls();
    (void)e_.commit.commit();
    e_.commit.wait();
  } while (!e_.commit.answers.empty() && !e_.commit.is_refused());
  auto closed = engine_is_closed();
  auto tell = [&](auto& waiting) {
    for (auto* c : std::exchange(waiting, {})) c->done(own_copy(closed));
  };
  for (auto& [run, r] : e_.runs.table.all()) {
    tell(r->waiting_calls);
    tell(r->updaters);
    tell(r->watchers);
  }
}

/// Waits until no body runs, or the time for that is over.
void closing::give_bodies_time() {
  if (!turns_.close_by || left_bodies) return;
  auto runs = [](const auto& entry) {
    auto& all = entry.second->attempts;
    return std::any_of(all.begin(), all.end(), [](auto* a) {
      return a->at == attempt::phase::running && !a->is_pending();
    });
  };
  auto& table = e_.runs.table.all();
  while (std::any_of(table.begin(), table.end(), runs)) {
    if (is_over()) return;
    wait_a_moment();
  }
}

void closing::end_bodies() {
  give_bodies_time();
  for (auto* w = e_.bodies.threads.stop(left_bodies); w;) {
    auto* a = static_cast<attempt*>(std::exchange(w, w->next));
    a->revoke();
    e_.bodies.inline_returned.push(*a);
    // Otherwise the last commit would wait for it.
    if (!a->later) --e_.bodies.threads.outstanding;
  }
  for (auto& [run, r] : e_.runs.table.all())
    for (auto* a : r->attempts) end_pending(*a);
}

void closing::end_pending(attempt& a) {
  if (!a.is_pending()) return;
  a.ask_to_stop();
  if (!a.body->waits_for_body) return e_.desk.leave_behind(a);
  for (int waited_ms = 0; a.is_pending(); ++waited_ms) {
    if (waited_ms == patience_ms)
      e_.services.reporter.report(
          event_kind::close_waits,
          "the close waits for the pending step " + shown(a.body->name) +
              " to be resolved, rejected or dropped: its body captures, and may "
              "have lent its run's variables",
          a.run_of.state, a.body->name);
    if (is_over()) return;
    wait_a_moment();
  }
}

}}}  // namespace stet::v0::detail
