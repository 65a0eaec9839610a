#include "engine/steps/trials.hpp"

#include <algorithm>

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::int64_t moment_ms = 3000;

}  // namespace

bool trials::may_begin(attempt& a) noexcept {
  a.order.tried = runs_.suspects.of({a.order.run, a.order.command});
  return a.order.tried != trial::alone || !alone_ || alone_->lends;
}

void trials::clear(const attempt& a) noexcept {
  ends(a);  // if it is pending: others have their turn
  runs_.suspects.clear_suspect({a.order.run, a.order.command});
}

void trials::gets_on(attempt& a) noexcept {
  if (a.order.tried == trial::none) return;
  clear(a);
  a.got_on = true;  // before the slot is cleared: see ~lent_thread
  services_.crash_slots.clear_suspect(a.slot);
  if (a.later) (void)a.later->clear_suspect();
}

void trials::try_for_a_moment(attempt& a) {
  auto ends = time_.now() + moment_ms;
  moments_.push_back({ends, &a, a.order.run});
  time_.timers.add(ends, a.order.run);
}

void trials::end_moments() {
  while (!moments_.empty() && moments_.front().ends <= time_.now()) {
    auto m = moments_.front();
    moments_.pop_front();
    auto* r = runs_.table.find(m.run);
    if (!r || std::find(r->attempts.begin(), r->attempts.end(), m.who) == r->attempts.end())
      continue;
    auto& a = *m.who;
    if (a.later && a.later->clear_suspect()) {
      clear(a);
    } else if (a.stop && a.at == attempt::phase::running) {  // it hangs: others have their turn
      ends(a);
      services_.crash_slots.clear_suspect(a.slot);
    } else if (a.later && a.at != attempt::phase::left) {
      try_for_a_moment(a);  // its body hasn't returned
    }
  }
}

}}}  // namespace stet::v0::detail
