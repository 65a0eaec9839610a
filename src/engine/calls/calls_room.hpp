// The parts that perform calls from outside, on the loop.
#pragma once
#include <stet/impl/port.hpp>

#include "engine/calls/control.hpp"
#include "engine/calls/describing.hpp"
#include "engine/calls/engine_parts.hpp"
#include "engine/calls/eraser.hpp"
#include "engine/calls/lists.hpp"
#include "engine/calls/previews.hpp"
#include "engine/calls/queries.hpp"
#include "engine/calls/revival.hpp"
#include "engine/calls/signals.hpp"
#include "engine/calls/starts.hpp"
#include "engine/calls/sweeper.hpp"
#include "engine/calls/updates.hpp"

namespace stet { inline namespace v0 { namespace detail {

struct calls_room {
  explicit calls_room(engine_parts& e)
      : parts(e),
        revival(e),
        signals(e, revival),
        starts(e, signals),
        queries(e, revival),
        updates(e, revival, starts),
        control(e, revival),
        describing(e),
        lists(e),
        previews(e, lists),
        eraser(e),
        sweeper(e, eraser) {}

  engine_parts& parts;
  detail::revival revival;
  detail::signals signals;
  detail::starts starts;
  detail::queries queries;
  detail::updates updates;
  detail::control control;
  detail::describing describing;
  detail::lists lists;
  detail::previews previews;
  detail::eraser eraser;
  detail::sweeper sweeper;
};

// Performs a command on the loop. Each is defined in the file of its subject.
#define STET_COMMAND(name) answer<name::result> perform(calls_room& e, const name& c);
STET_ENGINE_COMMANDS(STET_COMMAND)
#undef STET_COMMAND

}}}  // namespace stet::v0::detail
