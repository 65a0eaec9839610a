// The parts that know what time it is, what is due when, and which run is to be woken.
#pragma once
#include "engine/time/clock_keeper.hpp"
#include "engine/time/due_times.hpp"
#include "engine/time/engine_clock.hpp"
#include "engine/time/timer_queue.hpp"

namespace stet { inline namespace v0 { namespace detail {

struct time_room {
  time_room(services& s, journal& j) : clock(s.clock), keeper(s, j, clock) {}
  engine_time now() const noexcept { return clock.now(); }

  engine_clock clock;
  clock_keeper keeper;
  due_times due{clock};
  timer_queue timers{clock, due};
};

}}}  // namespace stet::v0::detail
