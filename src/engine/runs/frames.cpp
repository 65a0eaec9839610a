#include "engine/runs/frames.hpp"

#include <algorithm>
#include <utility>

#include "base/ensure.hpp"

namespace stet { inline namespace v0 { namespace detail {

bool frames::may_evict(const resident& r) noexcept {
  return std::none_of(r.attempts.begin(), r.attempts.end(), [](const attempt* a) {
    return a->ticket.submitted && a->body->waits_for_body && a->at != attempt::phase::revoked;
  });
}

void frames::evict(resident& r) noexcept {
  if (!r.frame) return;
  ++tries_;
  if (!may_evict(r)) return;
  auto who = occupant_of(r.state, *r.frame, {code_use::destroys});
  bool is_counted = r.last_lsn <= journal_.durable_lsn() || block_.is_refused;
  if (suspects_.is_suspected(who) && !is_counted) return;
  if (r.lru) used_.erase(*std::exchange(r.lru, std::nullopt));
  destroy(r.state, r.frame);
}

void frames::destroy(const run_state& s, std::unique_ptr<execution>& frame) noexcept {
  auto who = occupant_of(s, *frame, {code_use::destroys});
  if (suspects_.is_suspected(who)) who.tried = trial::alone;
  slot_guard here(services_.crash_slots, who);
  frame.reset();
  suspects_.came_through(who);
}

void frames::mark_used(resident& r) {
  ensure(r.frame != nullptr, "a run that was driven has a frame");
  if (r.lru) used_.splice(used_.end(), used_, *r.lru);
  else r.lru = used_.insert(used_.end(), &r);
}

std::size_t frames::excess() const noexcept {
  return used_.size() - std::min(used_.size(), services_.options.resident_runs_max);
}

}}}  // namespace stet::v0::detail
