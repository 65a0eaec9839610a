// The parts that drive runs by events, and carry out what the runs ask for.
#pragma once
#include "engine/drive/births.hpp"
#include "engine/drive/callers.hpp"
#include "engine/drive/code_door.hpp"
#include "engine/drive/debt_payer.hpp"
#include "engine/drive/driver.hpp"
#include "engine/drive/ending.hpp"
#include "engine/drive/entities.hpp"
#include "engine/drive/frame_maker.hpp"
#include "engine/drive/messenger.hpp"
#include "engine/drive/staller.hpp"
#include "engine/drive/successor.hpp"
#include "engine/drive/waiters.hpp"
#include "engine/steps/run_host.hpp"

namespace stet { inline namespace v0 { namespace detail {

struct drive_room {
  drive_room(services& s, journal& j, time_room& t, run_room& r, recorder& rec, commit_line& c,
             bodies& b, step_desk& d)
      : host(s, j, t, r, c, b, d),
        door(s, r, c),
        callers(s, r, rec),
        waiters(r, c, callers),
        staller(s, t, r, rec, d, door, waiters),
        frames(s, t, r, rec, host, door, staller),
        entities(s, r),
        births(s, t, r, rec, door),
        ending(s, t, r, rec, c, d, callers, waiters),
        successor(s, j, t, r, rec, door, births),
        messenger(s, j, r, rec, entities, births, callers, ending),
        driver(s, j, t, r, rec, c, d, host, door, waiters, staller, frames, births, successor,
               messenger, ending),
        payer(s, r, callers, ending) {}

  run_host host;
  code_door door;
  detail::callers callers;
  detail::waiters waiters;
  detail::staller staller;
  frame_maker frames;
  detail::entities entities;
  detail::births births;
  detail::ending ending;
  detail::successor successor;
  detail::messenger messenger;
  detail::driver driver;
  debt_payer payer;
};

}}}  // namespace stet::v0::detail
