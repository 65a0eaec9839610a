#include "engine/advance/gatekeeper.hpp"

#include <algorithm>

#include "base/ensure.hpp"
#include "base/hooks.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

// Steps of a run that began earlier go first, but a run counts as no more than this much older.
constexpr std::int64_t older_by_max_ms = 60'000;

}  // namespace

bool gatekeeper::open() {
  if (commit_.is_refused() || bodies_.calls.is_closing()) return false;
  desk_.trials.end_moments();
  auto& gate = bodies_.gate;
  // First every attempt is decided on, and then the attempts are moved. A decision may have to read
  // the store: if that throws, every attempt is still in its place.
  for (auto* a : gate) {
    bool durable = a->ticket.lsn <= journal_.durable_lsn() || STET_SEEDED(effect_before_durable);
    if (durable && a->at != attempt::phase::revoked)
      staller_.for_run(a->run_of, [&] { start_attempt(*a, a->run_of); });
  }
  work* first = nullptr;
  work** end = &first;
  attempt_row here;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < gate.size(); ++i) {
    auto* a = gate[i];
    // A transaction runs when its attempt is taken back, and its writes go with its result.
    bool goes_back =
        a->at == attempt::phase::revoked || (a->ticket.submitted && a->body->transacts);
    if (goes_back) {
      bodies_.inline_returned.push(*a);
    } else if (!a->ticket.submitted) {
      gate[kept++] = a;
      continue;
    } else if (!bodies_.threads.exist() || a->body->options.run_inline) {
      here.push(*a);
    } else {
      *end = a;
      end = &a->next;
      if (!a->later) ++bodies_.threads.outstanding;
    }
    bool was_rebuilt = !goes_back && services_.options.resident_runs_max == 0;
    if (was_rebuilt) runs_.frames.evict_after_use(a->run_of);  // it was made for this attempt only
  }
  gate.resize(kept);
  *end = nullptr;
  if (first) {
    commit_.expect_returns();
    bodies_.threads.submit(first);
  }
  bool any = first || !here.empty() || !bodies_.inline_returned.empty();
  while (auto* a = here.pop()) a->run();
  return any;
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
