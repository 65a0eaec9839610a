// The parts of one engine. Each depends only on those before it.
#pragma once
#include <memory>
#include <utility>

#include "engine/advance/advance_room.hpp"
#include "engine/bodies/bodies.hpp"
#include "engine/commit/commit_line.hpp"
#include "engine/door/inbox.hpp"
#include "engine/door/loop_thread.hpp"
#include "engine/drive/drive_room.hpp"
#include "engine/record/recorder.hpp"
#include "engine/runs/run_room.hpp"
#include "engine/services/services.hpp"
#include "engine/steps/crowding.hpp"
#include "engine/steps/step_desk.hpp"
#include "engine/tables/user_tables.hpp"
#include "engine/time/time_room.hpp"
#include "journal/journal.hpp"

namespace stet { inline namespace v0 { namespace detail {

struct engine_parts {
  engine_parts(std::unique_ptr<store> s, engine_options o)
      : services(std::move(s), std::move(o)),
        journal(services.store, services.options.commits),
        time(services, journal),
        tables(services.store, services.payloads),
        bodies(services, inbox, thread),
        runs(services, journal),
        recorder(services, journal, time, runs, tables, thread),
        commit(services, journal, time, runs, tables, bodies, recorder),
        desk(services, time, runs, recorder, commit, bodies),
        crowding(services, runs, bodies),
        drive(services, journal, time, runs, recorder, commit, bodies, desk),
        advance(services, journal, time, runs, tables, recorder, commit, bodies, desk, drive) {}
  engine_parts(const engine_parts&) = delete;
  engine_parts& operator=(const engine_parts&) = delete;

  detail::services services;
  detail::journal journal;
  time_room time;
  user_tables tables;
  detail::inbox inbox;
  loop_thread thread;
  detail::bodies bodies;
  run_room runs;
  detail::recorder recorder;
  commit_line commit;
  step_desk desk;
  detail::crowding crowding;
  drive_room drive;
  advance_room advance;
};

}}}  // namespace stet::v0::detail
