// The runs of an engine: those in memory, how they are found, and the books about them.
#pragma once
#include <vector>

#include "engine/runs/agenda.hpp"
#include "engine/runs/block_state.hpp"
#include "engine/runs/debt_book.hpp"
#include "engine/runs/frames.hpp"
#include "engine/runs/history_reader.hpp"
#include "engine/runs/run_finder.hpp"
#include "engine/runs/run_table.hpp"
#include "engine/runs/run_texts.hpp"
#include "engine/runs/sent_log.hpp"
#include "engine/runs/sweep_plan.hpp"
#include "engine/runs/unreadable.hpp"
#include "engine/runs/unsaved_runs.hpp"
#include "index/entries.hpp"

namespace stet { inline namespace v0 { namespace detail {

struct run_room {
  run_room(services& s, journal& j)
      : frames(s, suspects, j, block),
        table(s, frames, agenda, unreadable, block),
        history(s),
        texts(s),
        finder(table),
        sent(table, history, j, block, s.store),
        debts(table, unreadable, j) {}

  block_state block;
  detail::suspects suspects;
  detail::agenda agenda;
  unreadable_runs unreadable;
  unsaved_runs unsaved;
  run_counters counters;
  sweep_plan sweeps;
  std::vector<run_number> changed;  // they have watchers, who get no answer yet
  detail::frames frames;
  run_table table;
  history_reader history;
  run_texts texts;
  run_finder finder;
  sent_log sent;
  debt_book debts;
};

}}}  // namespace stet::v0::detail
