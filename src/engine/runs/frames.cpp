#include "engine/runs/frames.hpp"

#include <algorithm>
#include <utility>

#include "base/ensure.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::uint64_t long_history = 256;     // records
constexpr std::size_t kept_in_a_turn_max = 64;  // frames

}  // namespace

bool frames::may_evict(const resident& r) noexcept {
  return std::none_of(r.attempts.begin(), r.attempts.end(), [](const attempt* a) {
    return a->ticket.submitted && a->body->waits_for_body && a->at != attempt::phase::revoked;
  });
}

void frames::evict(resident& r) noexcept {
  if (!r.frame) return;
  ++tries_;
  if (!may_evict(r)) {
    if (r.lru && !r.frame_set_aside) set_aside_.splice(set_aside_.end(), used_, *r.lru);
    r.frame_set_aside = r.lru.has_value();
    return;
  }
  auto who = occupant_of(r.state, *r.frame, {code_use::destroys});
  bool is_counted = r.last_lsn <= journal_.durable_lsn() || block_.is_refused;
  if (suspects_.is_suspected(who) && !is_counted) {
    if (r.lru) mark_used(r);
    return;
  }
  if (r.lru) of(r).erase(*std::exchange(r.lru, std::nullopt));
  r.frame_set_aside = false;
  destroy(r.state, r.frame);
}

void frames::evict_after_use(resident& r) noexcept {
  if (services_.options.resident_runs_max > 0) return;
  bool is_kept = r.state.open() && r.state.records >= long_history && size() <= kept_in_a_turn_max;
  if (!is_kept) evict(r);
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
  if (r.lru) used_.splice(used_.end(), of(r), *r.lru);
  else r.lru = used_.insert(used_.end(), &r);
  r.frame_set_aside = false;
}

void frames::reconsider(resident& r) noexcept {
  if (!r.frame_set_aside || !may_evict(r)) return;
  used_.splice(used_.begin(), set_aside_, *r.lru);
  r.frame_set_aside = false;
}

void frames::clear() noexcept {
  used_.clear();
  set_aside_.clear();
}

/// The list that has the run.
std::list<resident*>& frames::of(const resident& r) noexcept {
  return r.frame_set_aside ? set_aside_ : used_;
}

std::size_t frames::excess() const noexcept {
  return used_.size() - std::min(used_.size(), services_.options.resident_runs_max);
}

}}}  // namespace stet::v0::detail
