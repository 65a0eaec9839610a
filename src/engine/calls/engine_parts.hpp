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
#include "engine/steps/step_desk.hpp"
#include "engine/tables/user_tables.hpp"
#include "engine/time/time_room.hpp"
#include "journal/journal.hpp"

namespace stet { inline namespace v0 { namespace detail {

struct engine_parts {
  engine_parts(std::unique_ptr<store> s, engine_options o)
      : shared(std::move(s), std::move(o)),
        log(shared.store, shared.options.commits),
        time(shared, log),
        tables(shared.store, shared.payloads),
        bodies(shared, inbox, thread),
        runs(shared, log),
        recorder(shared, log, time, runs, tables, thread),
        commit(shared, log, time, runs, tables, bodies, recorder),
        desk(shared, time, runs, recorder, commit, bodies),
        drive(shared, log, time, runs, recorder, commit, bodies, desk),
        advance(shared, log, time, runs, tables, recorder, commit, bodies, desk, drive) {}
  engine_parts(const engine_parts&) = delete;
  engine_parts& operator=(const engine_parts&) = delete;

  services shared;
  journal log;
  time_room time;
  user_tables tables;
  detail::inbox inbox;
  loop_thread thread;
  detail::bodies bodies;
  run_room runs;
  detail::recorder recorder;
  commit_line commit;
  step_desk desk;
  drive_room drive;
  advance_room advance;
};

}}}  // namespace stet::v0::detail
