// The parts that drive runs by events, and carry out what the runs ask for.
#pragma once
#include "engine/drive/births.hpp"
#include "engine/drive/calling_runs.hpp"
#include "engine/drive/code_entry.hpp"
#include "engine/drive/debt_payer.hpp"
#include "engine/drive/driver.hpp"
#include "engine/drive/ending.hpp"
#include "engine/drive/entities.hpp"
#include "engine/drive/frame_maker.hpp"
#include "engine/drive/outgoing.hpp"
#include "engine/drive/staller.hpp"
#include "engine/drive/successor.hpp"
#include "engine/drive/waiting_calls.hpp"
#include "engine/steps/run_host.hpp"

namespace stet { inline namespace v0 { namespace detail {

struct drive_room {
  drive_room(services& s, journal& j, time_room& t, run_room& r, recorder& rec, commit_line& c,
             bodies& b, step_desk& d)
      : host(s, j, t, r, c, b, d),
        entry(s, r, c),
        calling_runs(s, r, rec),
        waiting_calls(r, c, calling_runs),
        staller(s, t, r, rec, d, entry, waiting_calls),
        frames(s, t, r, rec, host, entry, staller),
        entities(s, r),
        births(s, t, r, rec, entry),
        ending(s, t, r, rec, c, d, calling_runs, waiting_calls),
        successor(s, j, t, r, rec, entry, births),
        outgoing(s, j, r, rec, entities, births, calling_runs, ending),
        driver(s, j, t, r, rec, c, d, host, entry, waiting_calls, staller, frames, births,
               successor, outgoing, ending),
        payer(s, r, calling_runs, ending) {}

  run_host host;
  code_entry entry;
  detail::calling_runs calling_runs;
  detail::waiting_calls waiting_calls;
  detail::staller staller;
  frame_maker frames;
  detail::entities entities;
  detail::births births;
  detail::ending ending;
  detail::successor successor;
  detail::outgoing outgoing;
  detail::driver driver;
  debt_payer payer;
};

}}}  // namespace stet::v0::detail
