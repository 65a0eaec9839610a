#include "engine/bodies/lending.hpp"

#include <string>

namespace stet { inline namespace v0 { namespace detail {

lent_thread::lent_thread(bodies& home) : home_(home), body_(*attempt_of_thread()) {
  auto waiting = home.threads.waiting.fetch_add(1) + 1;
  if (!home.threads.lend()) {
    --home.threads.waiting;
    throw error(errc::usage, "engine",
                std::to_string(waiting - 1) +
                    " bodies of steps wait for runs of this engine, and there are no more "
                    "threads: wait for a run in a workflow, with ctx.child, which needs none");
  }
  home.services.crash_slots.clear_suspect(body_.slot);  // no death meanwhile counts for it
  body_.lends = true;
  home.threads.tell_of_waiting(waiting);
}

lent_thread::~lent_thread() {
  body_.lends = false;
  if (body_.order.tried != trial::none) {
    home_.services.crash_slots.try_again(body_.slot, body_.order.tried);
    if (body_.got_on) home_.services.crash_slots.clear_suspect(body_.slot);
  }
  home_.threads.give_back();
  --home_.threads.waiting;
}

}}}  // namespace stet::v0::detail
