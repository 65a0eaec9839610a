#include "engine/commit/answers.hpp"

#include <algorithm>

#include "base/ensure.hpp"
#include "base/hooks.hpp"

namespace stet { inline namespace v0 { namespace detail {

void answers::give(call& c, record_lsn lsn, const std::exception_ptr& why_refused) {
  ensure(lsn <= journal_.last_lsn(), "an answer depends on nothing that wasn't recorded");
  if (lsn <= journal_.durable_lsn() || STET_SEEDED(acknowledge_before_commit)) return c.done();
  if (why_refused) return c.done(why_refused);
  waiting_.emplace_back(lsn, &c);
}

void answers::release() {
  while (!waiting_.empty() && waiting_.front().first <= journal_.durable_lsn()) {
    waiting_.front().second->done();
    waiting_.pop_front();
  }
  ensure(waiting_.empty() || waiting_.front().first > journal_.durable_lsn(),
         "who may go on has been let go");
}

void answers::refuse(const std::exception_ptr& why, record_lsn block_end, bool makes_room,
                     inbox& i) {
  for (auto& [lsn, c] : std::exchange(waiting_, {})) {
    if (makes_room && lsn > block_end) waiting_.emplace_back(lsn, c);
    else if (!c->only_looks) {
      c->done(own_copy(why));
    } else {
      c->fails(nullptr);  // it is performed again
      i.post_again(*c);
    }
  }
}

void answers::forget(call& c) noexcept {
  std::erase_if(waiting_, [&](auto& a) { return a.second == &c; });
}

void answers::forget(waiting_call& c) noexcept {
  c.leave();
  forget(static_cast<call&>(c));
  if (auto* found = runs_.table.find(run_number(c.target.run))) {
    auto r = runs_.table.hold(*found);
    std::erase_if(r->waiting_calls, [&](auto* w) { return w == &c; });
    std::erase_if(r->updaters, [&](auto* w) { return w == &c; });
    std::erase_if(r->watchers, [&](auto* w) { return w == &c; });
  }
}

}}}  // namespace stet::v0::detail
