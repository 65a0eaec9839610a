#include "engine/advance/gatekeeper.hpp"

#include <algorithm>

#include "base/ensure.hpp"
#include "base/hooks.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

// Steps of a run that began earlier go first, but a run counts as no more than this much older.
constexpr std::int64_t older_by_max_ms = 60'000;

/// Whether an attempt has been decided on, and leaves the gate.
bool has_its_turn(const attempt& a) noexcept {
  return a.ticket.submitted || a.at == attempt::phase::revoked;
}

}  // namespace

bool gatekeeper::may_open() const noexcept {
  return !commit_.is_refused() && !bodies_.calls.is_closing();
}

bool gatekeeper::runs_here(const attempt& a) const noexcept {
  return a.ticket.runs_here || !bodies_.threads.exist();
}

// In both functions every attempt is decided on first, and then the attempts are moved. A decision
// may have to read the store: if that throws, every attempt is still in its place.

/// Submits the attempts that may begin on threads. Returns whether any did, or came back.
bool gatekeeper::open_for_threads() {
  if (!bodies_.threads.exist()) return false;
  auto& gate = bodies_.gate;
  for (auto* a : gate)
    if (!runs_here(*a)) decide(*a);
  work* first = nullptr;
  work** end = &first;
  std::size_t kept = 0;
  for (auto* a : gate) {
    if (runs_here(*a) || !has_its_turn(*a)) {
      gate[kept++] = a;
    } else if (a->at == attempt::phase::revoked) {
      bodies_.inline_returned.push(*a);
    } else {
      *end = a;
      end = &a->next;
      if (!a->later) ++bodies_.threads.outstanding;
      runs_.frames.evict_after_use(a->run_of);  // it may have been made for this attempt only
    }
  }
  const bool any = kept < gate.size();
  gate.resize(kept);
  *end = nullptr;
  if (first) {
    commit_.expect_returns();
    bodies_.threads.submit(first);
  }
  return any;
}

/// Runs the bodies of the first attempts that may begin here, and takes these attempts out of what
/// is left to look at. Returns whether there were any.
bool gatekeeper::open_here(group& g) {
  auto& gate = bodies_.gate;
  std::size_t looked_at = 0, turns = 0;
  for (; looked_at < g.left && turns < at_once_here; ++looked_at) {
    auto& a = *gate[g.at + looked_at];
    if (runs_here(a)) decide(a);
    turns += has_its_turn(a);
  }
  attempt_row here;
  const auto end = g.at + looked_at;
  auto kept = g.at;
  for (auto i = g.at; i < end; ++i) {
    auto* a = gate[i];
    // A transaction runs when its attempt is taken back, and its writes go with its result.
    if (!has_its_turn(*a)) {
      gate[kept++] = a;
    } else if (a->at == attempt::phase::revoked || a->body->transacts) {
      bodies_.inline_returned.push(*a);
    } else {
      here.push(*a);
      runs_.frames.evict_after_use(a->run_of);  // it may have been made for this attempt only
    }
  }
  auto at = [&](std::size_t i) { return gate.begin() + static_cast<std::ptrdiff_t>(i); };
  gate.erase(at(kept), at(end));
  g = {kept, g.left - looked_at};
  while (auto* a = here.pop()) a->run();
  return turns > 0;
}

void gatekeeper::decide(attempt& a) {
  bool durable = a.ticket.lsn <= journal_.durable_lsn() || STET_SEEDED(effect_before_durable);
  if (durable && !has_its_turn(a)) staller_.for_run(a.run_of, [&] { start_attempt(a, a.run_of); });
}

/// Makes the attempt ready to be submitted, unless it has to wait.
void gatekeeper::start_attempt(attempt& a, resident& r) {
  if (r.state.stalled) return;
  if (!desk_.trials.may_begin(a)) return arm_held(a);
  if (!frames_.ensure_frame(r)) return;
  desk_.trials.begins(a);
  if (auto* q = r.frame->commands.find(a.order.command); q && q != a.body)
    a.rebind(*q);  // the frame has been rebuilt
  if (a.body->completes && !a.later) a.later = new completion_state(a);
  if (a.later && a.order.tried != trial::none) desk_.trials.try_for_a_moment(a);
  ensure(a.ticket.lsn <= journal_.durable_lsn() || STET_SEEDED(effect_before_durable),
         "a body begins only when its cause is durable");
  ensure(r.state.find(a.order.command) != nullptr,
         "an attempt that begins is of a step that waits");
  a.ticket.submitted = true;
  // A run may have begun by a clock that was ahead.
  const auto now = time_.now();
  a.rank = std::clamp(r.state.started, now - older_by_max_ms, now).value();
  arm(a, *r.state.find(a.order.command));
}

/// The attempt stays in the gate. The total time of its step passes all the same.
void gatekeeper::arm_held(attempt& a) {
  auto* p = desk_.counts(a);
  if (!p || a.ticket.deadline != engine_time::never()) return;
  a.ticket.deadline = time_.due.total_deadline(*p, a.body->options);
  if (a.ticket.deadline != engine_time::never())
    time_.timers.add(a.ticket.deadline, a.order.run, timer_of(a));
}

void gatekeeper::arm(attempt& a, const pending& p) {
  auto& o = a.body->options;
  a.ticket.deadline = time_.due.total_deadline(p, o);
  for (auto limit : {o.timeout, o.heartbeat_timeout})
    if (limit.count() > 0)
      a.ticket.deadline = std::min(a.ticket.deadline, time_.now() + limit.count());
  if (a.ticket.deadline != engine_time::never())
    time_.timers.add(a.ticket.deadline, a.order.run, timer_of(a));
}

}}}  // namespace stet::v0::detail
