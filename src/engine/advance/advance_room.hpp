// The parts that move runs on: they begin attempts, take their outcomes, fire timers, and resume
// the runs that a start finds.
#pragma once
#include "engine/advance/gatekeeper.hpp"
#include "engine/advance/returns.hpp"
#include "engine/advance/timeouts_and_retries.hpp"
#include "engine/advance/waker.hpp"
#include "engine/drive/drive_room.hpp"

namespace stet { inline namespace v0 { namespace detail {

struct advance_room {
  advance_room(services& s, journal& j, time_room& t, run_room& r, user_tables& u, recorder& rec,
               commit_line& c, bodies& b, step_desk& k, drive_room& d)
      : timeouts_and_retries(s, t, r, rec, k, d.staller, d.frames, d.driver),
        gate(j, t, r, c, b, k, d.staller, d.frames),
        returns(s, t, r, rec, c, b, k, u, d.staller, d.driver, timeouts_and_retries),
        waker(s, t, r, c, k, d.staller, d.frames, d.driver, d.ending, d.payer,
              timeouts_and_retries) {}

  detail::timeouts_and_retries timeouts_and_retries;
  gatekeeper gate;
  detail::returns returns;
  detail::waker waker;
};

}}}  // namespace stet::v0::detail
